/**
 * The surface of a messenger as a table: every method, what it takes, what it answers. What is not in it cannot be
 * called from afar; that everything is in it is for the compiler to say.
 */
import * as z from 'zod/mini';
import type { Messenger } from '../messenger-api.js';
import { preKeyStatus } from '../wire/index.js';
import * as values from './values.js';

type Group = 'account' | 'contacts' | 'messages' | 'preKeys' | 'sessions' | 'records' | 'diagnostics';
type Asynchronous = (...args: never[]) => Promise<unknown>;

type MethodsOf<Part> = {
  [Name in keyof Part & string]: Part[Name] extends Asynchronous ? Name : never;
}[keyof Part & string];

/** Every method of a messenger that answers later: `messages.send`, `connect` … */
export type RemoteMethod =
  { [Name in Group]: `${Name}.${MethodsOf<Messenger[Name]>}` }[Group] | MethodsOf<Messenger>;

type FunctionAt<Method extends string> = Method extends `${infer Part extends Group}.${infer Name}`
  ? Messenger[Part][Name & keyof Messenger[Part]]
  : Messenger[Method & keyof Messenger];

/** What a method takes. */
export type ArgumentsOf<Method extends RemoteMethod> =
  FunctionAt<Method> extends (...args: infer Arguments) => unknown ? Arguments : never;

/** What a method answers. */
export type ResultOf<Method extends RemoteMethod> =
  FunctionAt<Method> extends (...args: never[]) => Promise<infer Result> ? Result : never;

interface Entry<Arguments, Result> {
  readonly takes: z.core.$ZodType<Arguments>;
  readonly answers: z.core.$ZodType<Result>;
}

type Surface = { readonly [Method in RemoteMethod]: Entry<ArgumentsOf<Method>, ResultOf<Method>> };

const none = z.tuple([]);
const { accountId, contact, message, empty, seq, shortText } = values;
const one = z.tuple([accountId]);

/** See the header. */
export const surface: Surface = {
  'account.profile': { takes: none, answers: z.union([values.ownProfile, empty]) },
  'account.register': { takes: z.tuple([values.registrationInput]), answers: values.ownProfile },
  'account.login': { takes: z.tuple([shortText]), answers: empty },
  'account.reset': { takes: z.tuple([values.registrationInput]), answers: values.resetState },
  'account.pendingReset': { takes: none, answers: z.union([values.pendingReset, empty]) },
  'account.objectToReset': { takes: none, answers: empty },
  'account.signOut': { takes: z.tuple([z.optional(values.signOutOptions)]), answers: empty },
  'contacts.add': { takes: z.tuple([shortText]), answers: contact },
  'contacts.addByLink': { takes: z.tuple([shortText]), answers: contact },
  'contacts.share': {
    takes: z.tuple([z.optional(values.contactShareOptions)]),
    answers: values.contactShare,
  },
  'contacts.list': { takes: none, answers: z.array(contact) },
  'contacts.get': { takes: one, answers: z.union([contact, empty]) },
  'contacts.accept': { takes: one, answers: contact },
  'contacts.block': { takes: one, answers: contact },
  'contacts.unblock': { takes: one, answers: contact },
  'contacts.remove': { takes: one, answers: empty },
  'contacts.acceptIdentity': { takes: one, answers: contact },
  'contacts.recheckIdentity': { takes: one, answers: contact },
  'contacts.safetyNumber': { takes: one, answers: values.fingerprint },
  'contacts.verify': { takes: z.tuple([accountId, values.safetyNumberComparison]), answers: contact },
  'messages.send': {
    takes: z.tuple([accountId, values.outgoingText, z.optional(values.sendOptions)]),
    answers: message,
  },
  'messages.retry': { takes: z.tuple([accountId, seq]), answers: message },
  'messages.get': { takes: z.tuple([accountId, seq]), answers: message },
  'messages.list': { takes: z.tuple([accountId, z.optional(values.messagePage)]), answers: z.array(message) },
  'messages.conversations': { takes: none, answers: z.array(values.conversation) },
  'messages.markRead': { takes: z.tuple([accountId, seq]), answers: empty },
  'preKeys.status': { takes: none, answers: preKeyStatus },
  'preKeys.replenish': { takes: none, answers: preKeyStatus },
  'sessions.reset': { takes: one, answers: empty },
  'records.get': { takes: z.tuple([values.recordKeys]), answers: values.recordValues },
  'diagnostics.counters': { takes: none, answers: values.counters },
  'diagnostics.supportBundle': { takes: none, answers: values.supportBundle },
  connect: { takes: none, answers: empty },
  disconnect: { takes: none, answers: empty },
  close: { takes: none, answers: empty },
};

/** Whether a text names a method. */
export function isRemoteMethod(name: string): name is RemoteMethod {
  return Object.hasOwn(surface, name);
}

/** Calls a method of a messenger with arguments that have been checked. */
export async function callMethod<Method extends RemoteMethod>(
  messenger: Messenger,
  method: Method,
  args: ArgumentsOf<Method>,
): Promise<ResultOf<Method>> {
  const [part, name] = method.split('.') as [string, string?];
  const owner = (name === undefined ? messenger : Reflect.get(messenger, part)) as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  return (await owner[name ?? part]?.(...args)) as ResultOf<Method>;
}

/** How a method is called whose messenger is somewhere else. */
export type RemoteCall = <Method extends RemoteMethod>(
  method: Method,
  args: ArgumentsOf<Method>,
) => Promise<ResultOf<Method>>;

/** All methods of a messenger that answer later, over one way to call them. */
export type RemoteMethods = Pick<Messenger, Exclude<Group, 'records'> | MethodsOf<Messenger>> & {
  readonly records: Pick<Messenger['records'], 'get'>;
};

/** The methods of the table as a messenger has them. */
export function methodsOver(call: RemoteCall): RemoteMethods {
  const methods: Record<string, unknown> = {};
  for (const method of Object.keys(surface) as RemoteMethod[]) {
    const [part, name] = method.split('.') as [string, string?];
    const run = (...args: unknown[]) => call(method, args as ArgumentsOf<typeof method>);
    if (name === undefined) methods[part] = run;
    else ((methods[part] ??= {}) as Record<string, unknown>)[name] = run;
  }
  // The table has every method: see `Surface`.
  return methods as unknown as RemoteMethods;
}
