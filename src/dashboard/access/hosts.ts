/** The name of a host in a URL, without its port. */
export function nameOf(url: URL): string {
  return url.hostname.toLowerCase()
}

/** True for a name that only ever means this machine. */
export function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}
