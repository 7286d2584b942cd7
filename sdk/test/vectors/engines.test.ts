import { describe } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { declareEngineVectors } from './engine-vectors.js';

describe('libsignal', () => declareEngineVectors(libsignalEngine()));
describe('portable', () => declareEngineVectors(portableEngine()));
describe('portable, noble alone', () => declareEngineVectors(portableEngine({ primitives: 'noble' })));
