/** Looks for a text or a secret in every spelling that it may have somewhere. */

/** A text as it is, or bytes given as base64url. */
export type SoughtKind = 'text' | 'bytes';

function spellings(secret: string, kind: SoughtKind): Buffer[] {
  if (kind === 'text') return [Buffer.from(secret), Buffer.from(secret, 'utf16le')];
  const bytes = Buffer.from(secret, 'base64url');
  // Without the end, which base64 may pad.
  const texts = [bytes.toString('base64url').slice(0, 40), bytes.toString('base64').slice(0, 40)];
  return [bytes, ...[...texts, bytes.toString('hex')].flatMap((text) => spellings(text, 'text'))];
}

/** Whether it is in any of them. */
export function holds(haystacks: readonly Buffer[], secret: string, kind: SoughtKind): boolean {
  return haystacks.some((haystack) => spellings(secret, kind).some((needle) => haystack.includes(needle)));
}
