// What the scripts in the page's head leave on `window` for those of the tabs. For `tsc` only; no browser sees this file.

/** A sentence by its key in `ui/languages/`, with the values for its places. */
interface Message {
  key: string;
  args?: Sentence[];
  text?: string;
}

/** What can be shown: a message, a number, or text as somebody typed it. */
type Sentence = Message | string | number;

/** The server's functions as a script calls them; an answer is missing where the server could not be reached. */
type Server = Record<string, (value: object) => Promise<any>>;

type Upload = (file: File) => Promise<{ path?: string } | null>;

/** What Gradio gives the scripts of `gr.HTML` (js_on_load). ESLint allows these names only there. */
declare const element: HTMLElement;
/** Raise an event that Python listens to. */
declare function trigger(event: string, detail?: object): void;
/** Hear of a prop's changes. */
declare function watch(prop: string, changed: () => void): void;

interface Window {
  gradio_config?: { root?: string; api_prefix?: string };
  /** English sentences by key; every language's name, and where the others' sentences are. */
  faceOffLanguages?: { en: Record<string, string>; names: Record<string, string>; addresses: Record<string, string> };
  /** A sentence as text in the page's language. */
  faceOffText(message: Sentence | null | undefined): string;
  /** A sentence into an element; `place` stresses that one of its values. */
  faceOffPut(element: Element, message: Sentence | null | undefined, place?: number): void;
  /** A sentence into an attribute of an element. */
  faceOffLabel(element: Element, attribute: string, message: Sentence): void;
  /** The server's functions, called again where a page's event stream was lost. */
  faceOffCalls?(server: Server): Server;
  /** Cells of confusion matrices inside an element say what they count. */
  faceOffCharts(element: Element): void;
  /** A tab of the page, and in Compare an example and models. */
  faceOffOpen(wish: { tab?: string | null; example?: string | null; models?: string | null }): void;
  /** Models, labels and label mix that Live's controls have chosen. */
  faceOffChosen?: { models: string[]; labels: string; mix: string };
  faceOffCover(element: HTMLElement, props: any, server: Server): void;
  faceOffLive(element: HTMLElement, props: any, server: Server): void;
  faceOffTeach(element: HTMLElement, props: any, server: Server, upload: Upload): void;
  faceOffLesson(element: HTMLElement, props: any, server: Server): void;
}
