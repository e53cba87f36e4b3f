// @ts-check
// What holds for the whole page: pictures dropped or pasted anywhere, and menus that close.
import { closeMenusOnLeaving } from './menus.js';
import { takeFilesAnywhere } from './drops.js';

takeFilesAnywhere();
closeMenusOnLeaving();
