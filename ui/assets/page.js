// @ts-check
// What holds for the whole page: pictures dropped or pasted anywhere, menus that close, and links past the head.
import { closeMenusOnLeaving } from './menus.js';
import { skipWhenAsked } from './skip.js';
import { takeFilesAnywhere } from './drops.js';

takeFilesAnywhere();
closeMenusOnLeaving();
skipWhenAsked();
