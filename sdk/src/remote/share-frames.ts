/** What tabs that share a messenger say to all others. Everybody of the origin can speak there, so it is checked. */
import * as z from 'zod/mini';

const tag = { sotto: z.literal('share') };
const token = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));

/** A frame as it is heard. */
export const shareFrame = z.discriminatedUnion('type', [
  /** Who leads? Any answer is a sign of life. */
  z.strictObject({ ...tag, type: z.literal('who') }),
  /** This tab has the lock and opens the messenger. */
  z.strictObject({ ...tag, type: z.literal('opening'), term: token }),
  /** This tab has the messenger. `wanted` tells whether it should be online. */
  z.strictObject({ ...tag, type: z.literal('leading'), term: token, wanted: z.boolean() }),
  /** This tab no longer leads. */
  z.strictObject({ ...tag, type: z.literal('leaving'), term: token }),
  /** A tab wants to be served, over the channel that the two have for themselves. */
  z.strictObject({ ...tag, type: z.literal('join'), term: token, tab: token }),
  /** It is served there from now on. */
  z.strictObject({ ...tag, type: z.literal('served'), term: token, tab: token }),
]);
/** See {@link shareFrame}. */
export type ShareFrame = z.output<typeof shareFrame>;

type Untagged<Frame> = Frame extends unknown ? Omit<Frame, 'sotto'> : never;

/** A frame ready to be posted. */
export function shareSays(frame: Untagged<ShareFrame>): ShareFrame {
  return { ...frame, sotto: 'share' } as ShareFrame;
}
