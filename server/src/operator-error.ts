/** A reason not to start that an operator can do something about. Its message is one clear line and shows no value. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
