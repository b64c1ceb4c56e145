/**
 * Put the sheet of icons into the page, because some icons are needed just when the connection is lost. If the sheet
 * cannot be loaded, each icon is fetched from the file when it is shown.
 */
export async function bringIcons() {
  let text;
  try {
    const response = await fetch('/icons.svg');
    if (!response.ok) return;
    text = await response.text();
  } catch {
    return; // TypeError: unreachable
  }
  const sheet = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  if (sheet.localName !== 'svg') return;
  for (const symbol of sheet.querySelectorAll('symbol')) symbol.id = `icon-${symbol.id}`;
  sheet.setAttribute('hidden', '');
  document.body.append(document.adoptNode(sheet));
}
