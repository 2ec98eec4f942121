// A plugin of TypeDoc: a page of the guide is called as its first heading says, not as its file.
import { Converter } from 'typedoc';

/** Called by TypeDoc. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const [first] = page.content;
    const heading = first?.kind === 'text' ? /^\s*# (.+)\n/.exec(first.text) : null;
    if (heading !== null) page.name = heading[1].replaceAll('`', '');
  });
}
