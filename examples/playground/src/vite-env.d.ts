declare module '*.wasm?url' {
  /** Address of the file. */
  const url: string;
  export default url;
}
