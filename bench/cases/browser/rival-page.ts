/** The page with our engine beside the library that browsers had until now. */
import { portableEngine } from '@sotto/sdk/engines/portable';
import { engineMakers } from '../engine/engine-devices.js';
import { offerSides } from './in-page.js';
import { privacyResearchMakers } from './privacyresearch-device.js';

offerSides({ portable: engineMakers(portableEngine()), privacyresearch: privacyResearchMakers });
