/** Every browser-safe entry point is there, and an error of one is an error of all. */
import { describe, expect, it } from 'vitest';
import * as sotto from '@sotto/sdk';
import * as portable from '@sotto/sdk/engines/portable';
import * as remote from '@sotto/sdk/remote';
import * as capacitor from '@sotto/sdk/storage/capacitor';
import * as encrypted from '@sotto/sdk/storage/encrypted';
import * as indexeddb from '@sotto/sdk/storage/indexeddb';
import * as memory from '@sotto/sdk/storage/memory';
import * as testing from '@sotto/sdk/testing';
import * as memoryTransport from '@sotto/sdk/transport/memory';
import * as socketIo from '@sotto/sdk/transport/socket-io';
import * as verification from '@sotto/sdk/verification';
import * as wire from '@sotto/sdk/wire';

const entries = {
  sotto,
  wire,
  verification,
  portable,
  memory,
  capacitor,
  encrypted,
  indexeddb,
  memoryTransport,
  socketIo,
  remote,
  testing,
};

describe('entry points', () => {
  it.each(Object.entries(entries))('%s exports something', (_, entry) => {
    expect(Object.keys(entry)).not.toEqual([]);
  });

  it('share one SottoError', () => expect(verification.SottoError).toBe(sotto.SottoError));

  it('are in a browser: there is no Node', () => expect('process' in globalThis).toBe(false));
});
