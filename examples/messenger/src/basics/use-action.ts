/** Work that a button starts: once at a time, with its failure as a text. */
import { ref, type Ref } from 'vue';
import { errorText } from '../text/error-text.js';

/** See {@link useAction}. */
export interface Action<Input extends unknown[]> {
  readonly busy: Readonly<Ref<boolean>>;
  /** What went wrong the last time, for the person. */
  readonly problem: Readonly<Ref<string | undefined>>;
  /** Does nothing while it runs. Never rejects. @returns whether it went well */
  readonly run: (...input: Input) => Promise<boolean>;
}

/** @param work - what it rejects with becomes the problem */
export function useAction<Input extends unknown[]>(
  work: (...input: Input) => Promise<unknown>,
): Action<Input> {
  const busy = ref(false);
  const problem = ref<string>();
  const run = async (...input: Input): Promise<boolean> => {
    if (busy.value) return false;
    busy.value = true;
    problem.value = undefined;
    try {
      await work(...input);
      return true;
    } catch (error) {
      problem.value = errorText(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, problem, run };
}
