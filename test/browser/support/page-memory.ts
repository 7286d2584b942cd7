/**
 * What is in the memory of a page's own realm: every string of its heap, and the bytes of every buffer. A worker has
 * a realm of its own, which is not looked into.
 */
import type { Page } from 'playwright-core';

/** Everything that was found, to be searched. */
export async function memoryOf(page: Page): Promise<Buffer[]> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void chunks.push(chunk));
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  const { strings } = JSON.parse(chunks.join('')) as { strings: string[] };
  const evaluated = await session.send('Runtime.evaluate', { expression: 'ArrayBuffer.prototype' });
  const { objects } = await session.send('Runtime.queryObjects', {
    prototypeObjectId: evaluated.result.objectId as string,
  });
  const read = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId as string,
    functionDeclaration: allBytes,
    returnByValue: true,
  });
  await session.detach();
  return [Buffer.from(strings.join('\n')), Buffer.from(read.result.value as string, 'latin1')];
}

/** In the page's words: a bundle would rename what it calls. */
const allBytes = `function () {
  let all = '';
  for (const buffer of this) for (const byte of new Uint8Array(buffer)) all += String.fromCharCode(byte);
  return all;
}`;
