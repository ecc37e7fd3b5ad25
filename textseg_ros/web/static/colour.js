// Grey pictures from the server as coloured layers: the mask tinted and outlined, the response as heat.

const TINT = { found: [40, 220, 90], ambiguous: [255, 176, 32], not_found: [235, 80, 80] };
const MASK_ALPHA = 96;
// Response 0, 1/4, ... 1 as red, green, blue, alpha.
const HEAT = [
  [30, 20, 90, 0],
  [90, 30, 150, 90],
  [205, 60, 110, 150],
  [250, 145, 50, 185],
  [252, 240, 140, 215],
];

const HEAT_TABLE = Array.from({ length: 256 }, (_, level) => {
  const place = (level / 255) * (HEAT.length - 1);
  const below = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[below].map((value, index) => {
    return Math.round(value + (place - below) * (HEAT[below + 1][index] - value));
  });
});

export function tintOf(status) {
  return TINT[status] ?? TINT.found;
}

// Draws a grey ImageBitmap as a mask in the colour of a status.
export function drawMask(canvas, bitmap, status) {
  const { width, height } = bitmap;
  const context = sized(canvas, width, height);
  context.clearRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const inside = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) inside[at] = (pixels[at] & 0xff) > 127;
  const [red, green, blue] = tintOf(status);
  const rgb = (blue << 16) | (green << 8) | red;
  const fill = (MASK_ALPHA << 24) | rgb;
  const edge = 0xff000000 | rgb;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!inside[at]) {
        pixels[at] = 0;
      } else if (
        x < 2 || y < 2 || x >= width - 2 || y >= height - 2 ||
        !(inside[at - 2] & inside[at + 2] & inside[at - 2 * width] & inside[at + 2 * width])
      ) {
        pixels[at] = edge;
      } else {
        pixels[at] = fill;
      }
    }
  }
  context.putImageData(image, 0, 0);
}

// Draws a grey ImageBitmap as heat.
export function drawResponse(canvas, bitmap) {
  const { width, height } = bitmap;
  const context = sized(canvas, width, height);
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, width, height);
  const { data } = image;
  for (let at = 0; at < data.length; at += 4) data.set(HEAT_TABLE[data[at]], at);
  context.putImageData(image, 0, 0);
}

export function wipe(canvas) {
  canvas.getContext("2d", { willReadFrequently: true }).clearRect(0, 0, canvas.width, canvas.height);
}

function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return canvas.getContext("2d", { willReadFrequently: true });
}
