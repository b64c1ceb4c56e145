/**
 * Bring the sheet of icons into the page: an icon that is shown only when the line is cut must be here before. Without
 * the sheet (no answer, no drawing) each icon is asked for by itself.
 */
export async function bringIcons() {
  let text;
  try {
    const response = await fetch('/icons.svg');
    if (!response.ok) return;
    text = await response.text();
  } catch {
    return; // TypeError: no way there
  }
  const sheet = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  if (sheet.localName !== 'svg') return;
  for (const symbol of sheet.querySelectorAll('symbol')) symbol.id = `icon-${symbol.id}`;
  sheet.setAttribute('hidden', '');
  document.body.append(document.adoptNode(sheet));
}
