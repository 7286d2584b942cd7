/** All is well again: nothing is lost any more, everybody runs, users answer what they are asked, and what is on its way arrives. */
import { isSottoError } from '../../errors.js';
import type { Messenger } from '../../messenger-api.js';
import { toBase64Url } from '../../wire/index.js';
import type { Actor } from './actor.js';
import type { Stage } from './stage.js';

/** Rounds of mending what users have to mend: accepting one key can bring up the next. */
const maxRounds = 3;

/** See the header. @throws Error when it does not come to rest */
export async function heal(stage: Stage): Promise<void> {
  stage.weather.clear();
  for (const actor of stage.actors) {
    actor.endClone('original');
    const { device } = actor;
    device.commitPlan = () => 'pass';
    device.clockOffsetMs = 0;
    await actor.attend();
  }
  // What was dropped comes with another connection.
  stage.network.relay.cut();
  await rest(stage);
  for (let round = 0; round < maxRounds && (await mendRelations(stage)); round += 1) await rest(stage);
  await emptyQuarantines(stage);
  await restock(stage);
}

/** Rounds of pre-keys that hang on an answer that was lost come to their end, and to another round. */
async function restock({ actors, network }: Stage): Promise<void> {
  for (const { name, device } of actors) {
    let isDone = false;
    let isOver = true;
    const replenish = async ({ preKeys }: Messenger) => {
      isOver = false;
      await preKeys.replenish().then(
        () => (isDone = true),
        (error: unknown) => (isDone = isSottoError(error, 'limit-exceeded')),
      );
      isOver = true;
    };
    await network.until(() => {
      if (isOver && !isDone) void device.attempt(replenish);
      return isDone;
    }, `the stock of ${name} has been looked after`);
  }
}

/** What came under a key that somebody had in between, and nobody will accept any more, ends after seven days. */
async function emptyQuarantines(stage: Stage): Promise<void> {
  const isEmpty = async () => {
    for (const actor of stage.actors) if ((await actor.keys('quarantine/')).length > 0) return false;
    return true;
  };
  if (await isEmpty()) return;
  stage.trace.note('seven days pass');
  await stage.network.until(isEmpty, 'quarantines are empty');
  await rest(stage);
}

/** Waits until nothing is on its way. */
export async function rest(stage: Stage): Promise<void> {
  try {
    await stage.network.until(async () => (await unsettled(stage)).length === 0, 'everything is settled');
  } catch (cause) {
    throw new Error(`never settled: ${(await unsettled(stage)).join('; ')}`, { cause });
  }
}

/** What is on its way, owed or waiting. */
async function unsettled({ actors, network }: Stage): Promise<string[]> {
  const left: string[] = [];
  for (const actor of actors) {
    const { kind } = actor.device.messenger.connection;
    if (kind !== 'online') left.push(`${actor.name} is ${kind}`);
    const waiting = network.relay.waiting(actor.address).length;
    if (waiting > 0) left.push(`${waiting} envelopes wait for ${actor.name}`);
    if (left.length > 0) continue;
    const keys = await actor.keys('outbox/', 'receipt/', 'prekeys/');
    const open = keys.filter((key) => /^(outbox\/|receipt\/|prekeys\/upload)/.test(key));
    left.push(...open.map((key) => `${actor.name} has ${key}`));
  }
  return left;
}

/** Users unblock, add again and accept. @returns whether there was anything to do */
async function mendRelations(stage: Stage): Promise<boolean> {
  let mended = false;
  for (const [actor, other] of stage.pairs()) {
    if (stage.isTouched(actor, other)) mended = (await mendRelation(actor, other)) || mended;
  }
  return mended;
}

async function mendRelation({ device, name }: Actor, other: Actor): Promise<boolean> {
  const { contacts } = device.messenger;
  const contact = await contacts.get(other.id);
  if (contact?.relation === 'blocked') {
    await contacts.unblock(other.id);
    return true;
  }
  const profile = await other.device.messenger.account.profile();
  const shown = profile && toBase64Url(profile.identityKey);
  const isPinned = contact !== undefined && toBase64Url(contact.identityKey) === shown;
  if (isPinned && contact.trust !== 'changed') return false;
  try {
    await contacts.add(other.code);
  } catch (error) {
    // The other key is known now, and the user looks at it and accepts it.
    if (!isSottoError(error, 'identity-changed')) throw new Error(`${name} cannot add`, { cause: error });
    await contacts.acceptIdentity(other.id);
  }
  return true;
}
