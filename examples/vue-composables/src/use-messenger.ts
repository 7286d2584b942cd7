/** The messenger itself, the own account and the connection. */
import type { ConnectionState, Messenger, OwnProfile, RegistrationInput } from '@sotto/sdk';
import type { ShallowRef } from 'vue';
import { useMessengerState } from './messenger-state.js';

/** The messenger, for what no other composable offers. */
export function useMessenger(): Messenger {
  return useMessengerState().messenger;
}

/** The connection to the relay, at every moment. */
export function useConnection(): Readonly<ShallowRef<ConnectionState>> {
  return useMessengerState().connection;
}

/** See {@link useAccount}. */
export interface AccountActions {
  readonly profile: Readonly<ShallowRef<OwnProfile | undefined>>;
  readonly loginRequired: Readonly<ShallowRef<boolean>>;
  /** Registers and goes online. @throws SottoError as `account.register` */
  readonly register: (input: RegistrationInput) => Promise<void>;
  /** Logs in again and goes online. @throws SottoError as `account.login` */
  readonly login: (password: string) => Promise<void>;
  /** Stops the reset that is pending. @throws SottoError as `account.objectToReset` */
  readonly objectToReset: () => Promise<void>;
}

/** The own account. */
export function useAccount(): AccountActions {
  const { messenger, profile, loginRequired, resetPending, connect } = useMessengerState();
  return {
    profile,
    loginRequired,
    register: async (input) => {
      const registered = await messenger.account.register(input);
      // Online before anybody sees the profile: what follows it may send.
      await connect();
      profile.value = registered;
    },
    login: async (password) => {
      await messenger.account.login(password);
      loginRequired.value = false;
      await connect();
    },
    objectToReset: async () => {
      await messenger.account.objectToReset();
      resetPending.value = undefined;
    },
  };
}
