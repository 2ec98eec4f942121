/**
 * Writes a duration as the official logs do (Python's `str(timedelta)`): `H:MM:SS.ffffff`, no fraction when it is 0,
 * days in front.
 * @internal
 */
export function formatElapsed(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000);
  const seconds = Math.floor(microseconds / 1e6);
  const fraction = microseconds % 1e6;
  const days = Math.floor(seconds / 86_400);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  const prefix = days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `;
  return prefix + clock + (fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`);
}
