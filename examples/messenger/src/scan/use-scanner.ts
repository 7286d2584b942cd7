/** Looks for a QR code through the camera or in a picture. The camera is off again when the component is gone. */
import { onScopeDispose, ref, shallowRef, type Ref } from 'vue';
import { strings } from '../text/strings.js';
import { openCamera } from './camera.js';
import { Decoder, type ScannedCode } from './decoder.js';
import { pixelsOfFile, pixelsOfVideo } from './pictures.js';

/** Between two looks through the camera: a phone stays cool, and nobody waits. */
const lookEveryMs = 150;

/** See {@link useScanner}. */
export interface Scanner {
  /** Whether the camera is on. */
  readonly isLooking: Readonly<Ref<boolean>>;
  readonly problem: Readonly<Ref<string | undefined>>;
  /** Turns the camera on, and looks until it finds a code. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
  /** Looks into a picture. */
  readonly read: (file: Blob) => Promise<void>;
}

/** @param onFound - called once per `look` or `read` that finds a code */
export function useScanner(
  video: Readonly<Ref<HTMLVideoElement | null>>,
  onFound: (code: ScannedCode) => void,
): Scanner {
  const isLooking = ref(false);
  const problem = shallowRef<string>();
  let stream: MediaStream | undefined;
  let decoder: Decoder | undefined;
  let isGone = false;

  function stop(): void {
    isLooking.value = false;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
  }

  async function lookOnce(): Promise<ScannedCode | undefined> {
    const pixels = video.value ? pixelsOfVideo(video.value) : undefined;
    return pixels && (decoder ??= new Decoder()).decode(pixels);
  }

  async function look(): Promise<void> {
    problem.value = undefined;
    try {
      stream = await openCamera();
    } catch (error) {
      const isRefused = error instanceof DOMException && error.name === 'NotAllowedError';
      problem.value = isRefused ? strings.scan.refused : strings.scan.noCamera;
      return;
    }
    isLooking.value = true;
    if (isGone || !video.value) return stop();
    video.value.srcObject = stream;
    await video.value.play().catch(() => undefined);
    while (isLooking.value) {
      const code = await lookOnce();
      if (code && isLooking.value) {
        stop();
        onFound(code);
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  async function read(file: Blob): Promise<void> {
    problem.value = undefined;
    const pixels = await pixelsOfFile(file).catch(() => undefined);
    const code = pixels && (await (decoder ??= new Decoder()).decode(pixels));
    if (code) onFound(code);
    else problem.value = strings.scan.nothingFound;
  }

  onScopeDispose(() => {
    isGone = true;
    stop();
    decoder?.close();
  });
  return { isLooking, problem, look, stop, read };
}
