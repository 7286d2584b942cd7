/** The shared vectors of the engine port, over the browser's cryptography and over portable code alone. */
import { describe } from 'vitest';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { declareEngineVectors } from '../../../../sdk/test/vectors/engine-vectors.js';

describe('portable', () => declareEngineVectors(portableEngine()));
describe('portable, noble alone', () => declareEngineVectors(portableEngine({ primitives: 'noble' })));
