/** Pixels of what a camera or a file shows. */

/** A side longer than this tells a decoder nothing more, and costs it time. */
const longestSide = 1_000;

function drawn(source: CanvasImageSource, width: number, height: number): ImageData | undefined {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context || canvas.width === 0 || canvas.height === 0) return undefined;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** The picture that a camera shows now, if it shows one. */
export function pixelsOfVideo(video: HTMLVideoElement): ImageData | undefined {
  return video.readyState < 2 ? undefined : drawn(video, video.videoWidth, video.videoHeight);
}

/** @throws DOMException if the file is no picture */
export async function pixelsOfFile(file: Blob): Promise<ImageData | undefined> {
  const picture = await createImageBitmap(file);
  try {
    return drawn(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}
