/** Which engine the example runs on: the portable one, or what `SOTTO_ENGINE` names. */
import { portableEngine } from '@sotto/sdk/engines/portable';
import type { ProtocolEngine } from '@sotto/sdk';

/** @throws Error when `SOTTO_ENGINE` names no engine */
export async function chosenEngine(): Promise<ProtocolEngine> {
  const name = process.env['SOTTO_ENGINE'] ?? 'portable';
  if (name === 'portable') return portableEngine();
  // Loaded only by those who ask for it: it is a native addon under another licence.
  if (name === 'libsignal') return (await import('@sotto/sdk/engines/libsignal')).libsignalEngine();
  throw new Error('SOTTO_ENGINE is portable or libsignal');
}
