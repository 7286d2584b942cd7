/**
 * Support for tests: a network in memory, a clock and randomness under control, and the conformance
 * suites of the ports. Not for production code.
 * @packageDocumentation
 */
export { createTestNetwork } from './network/test-network.js';
export type { TestNetwork, TestNetworkOptions } from './network/test-network.js';
export type { TestUser, TestUserOptions } from './network/test-user.js';
export type { TestDeviceOptions } from './network/test-device.js';
export type { TestEngine, TestEngineInput } from './network/test-engines.js';
export { failingStorage } from './failing-storage.js';
export type { CommitFate, CommitPlan, FailingStorage, FailingStorageOptions } from './failing-storage.js';
export { simulate, SimulationFailure } from './simulation/simulate.js';
export type { SimulationOptions, SimulationReport } from './simulation/simulate.js';
export type {
  ActorAction,
  ActorName,
  FaultWeights,
  SimulationAction,
  SimulationFault,
  WorldAction,
} from './simulation/actions.js';
export type { TestRelay, TestRelayAccount } from './network/test-relay.js';
export type {
  Loss,
  OperationName,
  OperationRequest,
  OperationResponse,
  RelayCall,
  RelayPush,
  RelayTamper,
  ResponseTampering,
} from './network/tamper.js';
export { manualClock } from './manual-clock.js';
export type { ManualClock } from './manual-clock.js';
export { seededRandom } from './seeded-random.js';
export type { SeededRandom } from './seeded-random.js';
export { nextTurn } from './turns.js';
export { runEngineConformance } from './engine-conformance.js';
export type { EngineConformanceOptions } from './engine-conformance.js';
export { runEngineInterop } from './engine-interop.js';
export type { EngineInteropOptions } from './engine-interop.js';
export { runStorageConformance } from './storage-conformance.js';
export type { StorageConformanceOptions, StorageSupports } from './storage-conformance.js';
export type { CreateMedium, StorageTestMedium } from './storage-conformance-kit.js';
export type { KillChildOptions } from './storage-conformance-kill.js';
export { hostileRelayLies, runHostileRelaySuite } from './hostile-relay/suite.js';
export type { HostileRelayOptions } from './hostile-relay/suite.js';
export type { HostileRelayLie } from './hostile-relay/lie.js';
export { runTransportConformance } from './transport-conformance.js';
export type { TransportConformanceOptions } from './transport-conformance.js';
export type { CreateTransport, TransportTestHost, TransportUnderTest } from './transport-conformance-kit.js';
export type { ConformanceRunner } from './runner.js';
