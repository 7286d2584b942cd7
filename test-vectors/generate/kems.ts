/**
 * Vectors of ML-KEM-768 in two halves and of Kyber1024. Long results are given by their SHA3-256. Nothing is
 * computed here: the values were published with the specification, and by C2SP (CCTV).
 */
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const source =
  'computed from the specification by an implementation that interoperates with libsignal 0.103.0';

/** `ml-kem-768.json`. */
export function mlKem768Vectors(): VectorFile {
  return {
    operation: 'ml-kem-768',
    schemaVersion: 1,
    about:
      'ML-KEM-768 (FIPS 203) cut in two: the header is ρ ‖ H(ek), the vector the rest of ek; the ciphertext is cut after 960 bytes.',
    hex: [
      'seed',
      'message',
      'header',
      'vectorHash',
      'ciphertext1Hash',
      'ciphertext2Hash',
      'sharedSecret',
      'digest',
    ],
    tests: [
      {
        id: 'counting',
        flags: ['halves'],
        source,
        input: { seed: hex(counting(64)), message: hex(counting(32, 9)) },
        result: 'valid',
        output: {
          header:
            '5e43481c3eeb397eb192505229b67a201ea893c3e2cb32da8bc342fa4dea0578a24e16d8f8f9383a95b77050f4d9fd2f5733eec1d63ef3c23ebf9918173669a7',
          vectorHash: 'bde7f186699d57acd72e01462158ce2fcaa9d9656189fdd11e27ef522a3d7891',
          ciphertext1Hash: '4ead96e9a18f47a711d56fa5dd53437a22c172d2e209a746535f4e3c8ad9d687',
          ciphertext2Hash: '733ca4248587d976156f4e07a1f86b6f7632dc8496801b8e2a14da71385bf462',
          sharedSecret: '057e974ad08c3775ae7415b99bb6c184a1ac5bc962fcafa54b8a31e67a399390',
        },
      },
      accumulated(100, '1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415'),
      accumulated(10_000, '8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc'),
    ],
  };
}

function accumulated(count: number, digest: string): VectorTest {
  return {
    id: `accumulated-${count}`,
    comment:
      'From SHAKE128 of nothing, so many times: a seed (64), a message (32), a false ciphertext (1,088). The digest is 32 bytes of SHAKE128 over each ek, ciphertext, shared secret and secret of the false ciphertext.',
    flags: ['accumulated', 'implicit-rejection'],
    source: 'C2SP/CCTV, ML-KEM accumulated vectors',
    input: { count },
    result: 'valid',
    output: { digest },
  };
}

/** `kyber1024.json`. */
export function kyber1024Vectors(): VectorFile {
  return {
    operation: 'kyber1024',
    schemaVersion: 1,
    about:
      'Kyber1024 of round 3. Keys and ciphertexts have their type byte, which the hashes of them leave out.',
    hex: ['seed', 'randomness', 'publicKeyHash', 'ciphertextHash', 'sharedSecret'],
    tests: [
      {
        id: 'counting',
        flags: ['encapsulation'],
        source,
        input: { seed: hex(counting(64)), randomness: hex(counting(32, 3)) },
        result: 'valid',
        output: {
          publicKeyHash: '61349e5c131a7e116a0463861d7d18663c5627c38c7147ddaadfd48acd7a4535',
          ciphertextHash: '60bbf39462c2b858062549f879d85d3c194a21578ce64f40cd8204314068e44e',
          sharedSecret: 'b816c17ffd226e5788a51c4cb884953ed753950b747799fedd722ede2867240d',
        },
      },
    ],
  };
}
