/** Images [batch, height, width, channels] as [batch, channels, height, width], in a new array. @internal */
export function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [height = 0, width = 0, channels = 0] = shape;
  const places = height * width;
  const out = new Float32Array(values.length);
  let from = 0;
  for (let image = 0; image < values.length; image += places * channels) {
    for (let place = image; place < image + places; place++) {
      for (let c = 0; c < channels; c++) out[place + c * places] = values[from++] as number;
    }
  }
  return out;
}
