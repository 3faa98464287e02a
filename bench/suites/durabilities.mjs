// The queue on a SQLite file, as more than one suite measures it: in each of its durabilities.

export const full = {
  key: 'skein',
  label: 'skein, SQLite, full',
  role: 'skein',
  spec: { peer: 'skein', setting: 'full' },
}
export const relaxed = {
  key: 'relaxed',
  label: 'skein, SQLite, relaxed',
  role: 'skein',
  spec: { peer: 'skein', setting: 'relaxed' },
}
