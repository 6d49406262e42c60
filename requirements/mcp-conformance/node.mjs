// Loaded before the suite (node --import): its `fs` is ours, so that it starts on Node 20 too.
import { register } from "node:module";

const hook = `
export async function resolve(specifier, context, next) {
  const suite = context.parentURL?.includes("/@modelcontextprotocol/conformance/");
  if (specifier === "fs" && suite) {
    return { url: "${new URL("./fs.mjs", import.meta.url)}", shortCircuit: true };
  }
  return next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
