import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { coalesceWrites } from '../../src/gateway/coalesced-writes.js';

/** A stream that notes what each of its system calls would write. */
class Sink extends Writable {
  readonly calls: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    done();
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    done();
  }
}

/** Writes as a websocket library does: a header and a payload. */
function frame(sink: Sink, text: string): void {
  sink.cork();
  sink.write('<');
  sink.write(text);
  sink.uncork();
}

describe('coalesced writes', () => {
  let sink: Sink;
  beforeEach(() => {
    sink = new Sink();
    coalesceWrites(sink);
  });

  it('makes one call of what one turn of the event loop wrote', async () => {
    frame(sink, 'a');
    await Promise.resolve();
    frame(sink, 'b');
    process.nextTick(() => frame(sink, 'c'));
    await nextTurn();
    expect(sink.calls).toEqual(['<a<b<c']);
  });

  it('goes on in the next turn', async () => {
    for (const text of ['a', 'b', 'c']) {
      frame(sink, text);
      await nextTurn();
    }
    expect(sink.calls).toEqual(['<a', '<b', '<c']);
  });

  it('holds nothing back from an end', async () => {
    frame(sink, 'goodbye');
    sink.end();
    expect(sink.calls).toEqual(['<goodbye']);
    await nextTurn();
    expect(sink.calls).toEqual(['<goodbye']);
  });

  it('outlives a stream that was destroyed in between', async () => {
    frame(sink, 'lost');
    sink.destroy();
    await nextTurn();
    expect(sink.calls).toEqual([]);
  });
});
