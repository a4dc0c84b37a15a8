export function firstLine(body) {
  return body.trim().split("\n", 1)[0];
}
