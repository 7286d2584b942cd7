/** Every text of the application, in one place: a translation is another object of this type. */
import { mostCounted, type UnreadableFate } from '@sotto/example-vue-composables';
import type { ContactTrust, SottoErrorCode, StorageAction, StorageState } from '@sotto/sdk';

const trust: Readonly<Record<ContactTrust, { readonly name: string; readonly meaning: string }>> = {
  unverified: {
    name: 'Not verified',
    meaning: 'Messages are encrypted. That this is really the person you mean has not been checked.',
  },
  'code-checked': {
    name: 'Code checked',
    meaning: 'The contact code you typed fits this person’s key. Compare safety numbers to be certain.',
  },
  verified: { name: 'Verified', meaning: 'You have checked this person’s whole key.' },
  changed: {
    name: 'Key has changed',
    meaning: 'This person shows another key than the one you know. Nothing is sent until you decide.',
  },
};

function howMany(name: string, count: number): string {
  if (count === 1) return `A message from ${name}`;
  return `${count < mostCounted ? count : `More than ${mostCounted - 1}`} messages from ${name}`;
}

const keyIsGone =
  'The key that opens them is gone from this browser. It may have been removed by the browser or by a cleaning program. Nobody can restore it.';

/** Why a storage does not open, by the code of the failure. */
const brokenReasons: Partial<Record<SottoErrorCode, string>> = {
  'storage-wrong-key': keyIsGone,
  'storage-key-missing': keyIsGone,
  'storage-tampered': 'What is stored here was changed from outside and must not be trusted.',
  'storage-evicted':
    'There was an account here, and its messages are gone: the browser or a cleaning program has removed them. Nobody can restore them.',
  'storage-locked': 'Another tab or program holds them. Close it there, then try again.',
};

/** What a storage is like, and what to do about one that is not well. */
const storageStates: Readonly<Record<StorageState, string>> = {
  new: 'empty',
  ready: 'in order',
  'data-missing': 'the messages are gone',
  'key-missing': 'the key is gone',
  'wrong-key': 'the key does not fit',
  damaged: 'damaged',
  locked: 'in use elsewhere',
  unavailable: 'not available',
};
const beginAnew = 'What is missing cannot be brought back. Sign out to remove the rest, and begin anew.';
const storageActions: Readonly<Record<StorageAction, string>> = {
  begin: 'Create an account.',
  open: 'Go on.',
  restore: beginAnew,
  'ask-key': beginAnew,
  'close-other': 'Close Sotto in the other tab or program.',
  'use-another': 'Use another browser, or a window that is not private.',
};

/** So many messages the SDK asks a device for in an hour. */
const askedPerHour = 5;

/** Says in a sentence or two what could not be read, and what becomes of it. */
const unreadableText: Readonly<Record<UnreadableFate, (name: string, count: number) => string>> = {
  'asked-for': (name, count) => {
    const what = `${howMany(name, count)} could not be read.`;
    if (count === 1) return `${what} It is asked for again automatically.`;
    if (count <= askedPerHour) return `${what} They are asked for again automatically.`;
    return `${what} As many as possible are asked for again automatically.`;
  },
  'tried-again': (name, count) =>
    `${howMany(name, count)} cannot be read yet. ${count === 1 ? 'It is' : 'They are'} tried again automatically.`,
  lost: (name, count) =>
    `${howMany(name, count)} had to be dropped. Ask ${name} whether anything is missing here.`,
};

/** The texts. */
export const strings = {
  appName: 'Sotto',
  opening: 'Opening your messages…',
  back: 'Back',
  cancel: 'Cancel',
  copied: 'Copied',
  later: 'Not now',
  skipToContent: 'Skip to the conversation',
  unknownPerson: 'Unknown person',
  trust,
  start: {
    title: 'Create your account',
    lead: 'Messages that only you and the person you write to can read. No phone number, no e-mail address.',
    username: 'Username',
    usernameHint: '3 to 32 letters, digits or _, beginning with a letter. It can never be changed.',
    password: 'Password',
    passwordHint: 'At least 8 characters. A few random words are good.',
    showPassword: 'Show password',
    hidePassword: 'Hide password',
    submit: 'Create account',
    submitting: 'Creating your account…',
    noResetTitle: 'Nobody can reset this account.',
    noReset:
      'It lives in this browser alone. Whoever forgets the password, clears the data of this site or loses the device loses the account and its messages: there is no copy elsewhere and nobody to ask.',
    notAudited: 'Sotto has not been audited independently yet. Do not trust it with your life.',
  },
  list: {
    title: 'Chats',
    search: 'Search chats',
    noHits: 'No chat fits.',
    add: 'Add a contact',
    share: 'Show my code',
    settings: 'Settings',
    emptyTitle: 'No chats yet',
    empty: 'Add somebody by their contact code, link or QR code, or let them scan yours.',
    requestBadge: 'Message request',
    noMessages: 'Say hello',
    unread: (count: number) => `${count} unread`,
    you: 'You: ',
    unsupported: 'Message of a newer version',
    blocked: 'Blocked',
    pickTitle: 'In a low voice',
    pick: 'Choose a chat on the left, or add a contact. Everything here is end-to-end encrypted.',
  },
  chat: {
    messages: (name: string) => `Messages with ${name}`,
    write: 'Write a message',
    send: 'Send',
    today: 'Today',
    yesterday: 'Yesterday',
    newMessages: 'New messages',
    toNewest: 'To the newest message',
    loading: 'Loading',
    encrypted: (name: string) => `Messages are end-to-end encrypted. Only you and ${name} can read them.`,
    details: (name: string) => `About ${name}`,
    from: (name: string) => `${name} wrote`,
    fromYou: 'You wrote',
    arrived: (name: string, text: string) => `${name}: ${text}`,
    status: {
      received: 'Received',
      pending: 'Waiting to be sent',
      sent: 'Sent',
      delivered: 'Delivered',
      failed: 'Not sent',
    },
    failedWhy: (reason: string) => `Not sent. ${reason}`,
    retry: 'Try again',
    unsupported: 'This message needs a newer version of Sotto.',
    requestTitle: (name: string) => `${name} wants to write to you`,
    request:
      'You do not know each other here yet. They cannot see whether you have read this until you accept.',
    accept: 'Accept',
    block: 'Block',
    blocked: (name: string) => `You have blocked ${name}. Nothing comes in and nothing goes out.`,
    unblock: 'Unblock',
    removed: 'This person is no longer among your contacts. Add them again to write.',
    changedBanner: (name: string) => `The key of ${name} has changed. Messages wait until you decide.`,
    decide: 'Decide',
    unreadable: unreadableText,
    dismissUnreadable: 'Dismiss this notice',
  },
  keyChange: {
    title: (name: string) => `${name} has another key`,
    what: (name: string) =>
      `Every device has a key of its own. The one that now answers for ${name} is not the one you know.`,
    harmless: (name: string) => `It may be harmless: ${name} has a new phone or browser and began anew.`,
    dangerous: 'It may be somebody who pretends to be this person.',
    advice: (name: string) =>
      `Ask ${name} on another way, by phone or in person, before you accept. Nothing is sent until then.`,
    accept: 'They told me: accept the new key',
    recheck: 'I doubt it: ask the relay again',
    recheckSame: 'The relay still shows the new key.',
    block: 'Block this person',
  },
  contact: {
    title: 'Contact',
    safetyNumber: 'Safety number',
    safetyLead: (name: string) =>
      `Compare these 60 digits with those on ${name}’s screen, side by side or by phone. If they are equal, nobody sits in between.`,
    theyMatch: 'They are equal',
    scanTheirs: 'Scan theirs',
    verifiedNow: 'Equal: this contact is verified.',
    mismatch: 'They are not equal. Somebody may sit in between: do not write anything private here.',
    safetyQr: 'Safety number as a QR code',
    block: 'Block',
    unblock: 'Unblock',
    remove: 'Remove contact',
    removeTitle: (name: string) => `Remove ${name}?`,
    removeText: 'The messages stay. What you checked about this person is forgotten.',
    reset: 'Begin a new session',
    resetHint: 'Only if messages cannot be read on one side. Nothing is lost by it.',
    resetDone: 'The next message begins a new session.',
    added: (date: string) => `Known since ${date}`,
  },
  add: {
    title: 'Add a contact',
    field: 'Contact code or link',
    hint: 'Such as @bob#7K3M-Q9ZD-2VHX',
    submit: 'Add',
    scan: 'Scan a QR code',
    scanLead: 'It carries the whole key: whoever is scanned is verified at once.',
    weak: 'This code is the short one, which can be forged. Ask for the longer one with three groups.',
    share: 'Show my code instead',
  },
  scan: {
    camera: 'Use the camera',
    picture: 'Choose a picture',
    looking: 'Hold the code in front of the camera.',
    noCamera: 'The camera cannot be used here. Choose a picture of the code instead.',
    refused: 'The browser does not allow the camera. Allow it for this site, or choose a picture.',
    nothingFound: 'There is no QR code in this picture.',
    stop: 'Stop the camera',
    preview: 'What the camera sees',
  },
  share: {
    title: 'My code',
    lead: 'Let somebody scan this. They are then certain that it is you.',
    qr: 'My contact as a QR code',
    code: 'Contact code',
    codeHint: 'To type or to read out.',
    link: 'Link',
    linkHint: 'Send it on a way that both of you trust.',
    copyCode: 'Copy contact code',
    copyLink: 'Copy link',
  },
  settings: {
    title: 'Settings',
    account: 'Account',
    storage: 'Storage',
    appearance: 'Appearance',
    relay: 'What the relay knows',
    username: 'Username',
    accountId: 'Account number',
    openAgain:
      'Closing this page keeps everything: open it again and go on. Signing out removes all of it from this device.',
    signOut: 'Sign out',
    signOutTitle: 'Sign out and delete everything here?',
    signOutText:
      'Your messages, contacts and keys are removed from this device. There is no copy: this account cannot be opened again anywhere.',
    signOutKeep: 'Sign out',
    signOutDelete: 'Sign out and delete the account at the relay',
    signOutOffline: 'The relay cannot be reached, so the account cannot be deleted there now.',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    appearanceLead: 'How Sotto looks on this device.',
    storageState: 'State',
    storageStates,
    storageActions,
    storageUsed: 'In use',
    storageRoom: (used: string, quota: string) => `${used} of ${quota}`,
    storageUnknown: 'unknown',
    lastCommit: 'Last written',
    survives: 'What is written survives',
    durabilities: {
      'power-loss': 'a power cut',
      process: 'a crash of the browser, but not always a power cut',
      none: 'nothing: it is gone with this page',
    },
    kept: 'Kept until you remove it',
    persistences: {
      granted: 'yes, the browser has promised it',
      'not-granted': 'no, the browser may clear it',
      unknown: 'the browser does not say',
    },
    nearlyFull: 'There is hardly any room left on this device. Free some, or new messages cannot be stored.',
    persistent: 'The browser keeps this data until you remove it.',
    notPersistent:
      'The browser may remove this data by itself when room is short, and with it the account. Ask it to keep it.',
    makePersistent: 'Ask the browser to keep it',
    persistRefused: 'The browser said no. Installing Sotto as an app, or a bookmark, may change its mind.',
    encrypted:
      'Everything is stored encrypted, under a key that lies in this browser’s profile. It protects against casual copying, not against somebody who has the whole profile.',
    relayLead: 'The relay carries your messages and cannot read them. This is what it does know.',
    relayKnows: 'It knows',
    relayKnowsList: [
      'your username, your account number and your public keys',
      'who you write to, when, and how long each message is, roughly',
      'from which network address you connect, and when',
      'messages on their way, encrypted, until they are picked up: 30 days at most',
    ],
    relayNever: 'It never sees',
    relayNeverList: [
      'what you write',
      'your password and your private keys',
      'your list of contacts, and whom you have verified or blocked',
    ],
    relayAddress: 'Relay',
    preKeys: 'Keys for first messages, waiting at the relay',
    preKeysText: (ec: number, kem: number) => `${ec} classical, ${kem} post-quantum`,
    preKeysUnknown: 'Not known while offline',
  },
  connection: {
    connecting: 'Connecting…',
    offline: 'Offline. What you write is sent later.',
    replaced: 'This account is in use elsewhere. Here it is at rest.',
    resume: 'Use it here',
    moved: 'This account goes on on another device. What is here can be read, and nothing more.',
    fenced: 'Another program has taken over the messages here.',
    reload: 'Load again',
  },
  login: {
    title: 'Your password, please',
    text: 'You were away for long. The relay asks for the password again; your messages are still here.',
    submit: 'Log in',
  },
  broken: {
    title: 'Your messages cannot be opened',
    reasons: brokenReasons,
    other: 'The browser’s storage does not work here. Private windows and full disks are common reasons.',
    again: 'Try again',
    anew: 'Delete everything here and begin anew',
  },
  reset: {
    title: 'Somebody wants to begin your account anew',
    what: (moment: string) =>
      `They know your password. Unless you stop it, on ${moment} this device loses the account: its messages stay here and can be read, nothing more.`,
    advice: 'If this was not you, stop it. Your contacts would be warned that your key has changed.',
    stop: 'Stop it',
    mine: 'It was me: let it happen',
  },
  continuity: {
    title: 'An older state was brought back',
    text: 'This device’s data was restored or copied. It has begun new sessions by itself; messages that came in between may be missing here.',
    submit: 'Understood',
  },
} as const;
