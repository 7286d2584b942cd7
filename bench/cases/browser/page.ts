/** The page with our engine: over the platform's cryptography, and in portable code alone. */
import { portableEngine } from '@sotto/sdk/engines/portable';
import { engineMakers } from '../engine/engine-devices.js';
import { offerSides } from './in-page.js';

offerSides({
  portable: engineMakers(portableEngine()),
  noble: engineMakers(portableEngine({ primitives: 'noble' })),
});
