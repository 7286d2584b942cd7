/**
 * Makes text of other people safe to print. A terminal obeys what it is sent: escape sequences could
 * move the cursor, rewrite what stands on the screen, or reach the clipboard. Knows no message.
 */

/** Lines of one message that are shown; the rest is counted. Nobody scrolls a terminal empty. */
const maxShownLines = 30;

/** What stands before every further line, so that no line of a message looks like one of the chat's own. */
const continuation = '\n      | ';

/**
 * Control characters (C0, C1, DEL), format characters such as the bidirectional overrides, line and
 * paragraph separators, lone surrogates, private-use and unassigned code points. The joiners inside
 * emoji and scripts stay.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** One line: whatever a terminal might obey is shown as `<U+001B>` instead. */
export function safeLine(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `<U+${digits}>`;
  });
}

/** A whole message: its line breaks stay, each further line is marked as belonging to it. */
export function safeText(text: string): string {
  const lines = text.split(/\r\n|\n|\r/);
  const hidden = lines.length - maxShownLines;
  const shown = lines.slice(0, maxShownLines).map(safeLine);
  if (hidden > 0) shown.push(`(${hidden} more lines)`);
  return shown.join(continuation);
}
