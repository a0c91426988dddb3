/** Text from outside made safe to show: no control character but the line feed gets through, and none that turns the order of others. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is the point
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}")
}
