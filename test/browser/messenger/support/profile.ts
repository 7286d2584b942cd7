/** A person's messenger, closed and reached into. */
import type { Page } from 'playwright-core';
import type { MessengerProfile } from '../../in-browser/messenger-profile.js';
import { bundleFile } from '../../support/bundle.js';

/**
 * Leaves the messenger for a page of its origin that has no code, works in its storage, and comes back to where
 * it was.
 */
export async function inProfile<Input, Result>(
  page: Page,
  work: (profile: MessengerProfile, input: Input) => Promise<Result>,
  input: Input,
): Promise<Result> {
  const url = page.url();
  await page.goto(new URL('/manifest.webmanifest', url).href);
  await page.evaluate(await bundleFile('messenger-profile.ts'));
  const handle = await page.evaluateHandle(
    () => (globalThis as unknown as { profile: MessengerProfile }).profile,
  );
  const result = await handle.evaluate(work as never, input as never);
  await page.goto(url);
  return result as Result;
}
