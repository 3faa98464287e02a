const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that a browser shows as it is, inside an element or an attribute. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, letter => entities[letter] as string)
    .replace(/\p{Cc}/gu, control => (/\s/.test(control) ? control : '\ufffd'))
}

/** A value as JSON that cannot end the script element around it. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

/** A program that cannot end the script element around it. */
export function scriptText(program: string): string {
  return program.replaceAll(/<(?=\/script|!--)/gi, '\\x3c')
}
