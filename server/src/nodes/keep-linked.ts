/** A link to something that may go away: opened again and again, ever more slowly, until it is given up. Knows no service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLimits } from './limits.js';

/** Something open. */
export interface OpenLink {
  /** Resolves with the reason when it ends. */
  readonly ended: Promise<unknown>;
}

/** What {@link keepLinked} works with. */
export interface LinkParts<Link extends OpenLink> {
  /** What was opened at first, if it was. */
  readonly first: Link | undefined;
  /** @returns nothing where there is nothing to be had now; never rejects */
  readonly open: () => Promise<Link | undefined>;
  readonly lost: (reason: unknown) => void;
  /** Ends it; an open link ends by itself then. */
  readonly signal: AbortSignal;
}

/** Resolves when the signal has come and the last link has ended. */
export async function keepLinked<Link extends OpenLink>(parts: LinkParts<Link>): Promise<void> {
  const { open, lost, signal } = parts;
  let link = parts.first;
  let waitMs: number = nodeLimits.minRelinkMs;
  while (!signal.aborted) {
    if (link !== undefined) {
      waitMs = nodeLimits.minRelinkMs;
      lost(await link.ended);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, nodeLimits.maxRelinkMs);
    if (!signal.aborted) link = await open();
  }
}
