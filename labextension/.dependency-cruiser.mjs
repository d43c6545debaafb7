// The folders of src from top to bottom: each imports only from itself and from those below it.
const LAYERS = ['lab', 'panel', 'card', 'timeline', 'kernel', 'model', 'protocol', 'ui'];

const upward = LAYERS.slice(1).map((layer, i) => ({
  name: `${layer}-imports-upward`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(index\\.ts|(${LAYERS.slice(0, i + 1).join('|')})/)` }
}));

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'unknown-folder',
      comment: 'A new folder needs its place in LAYERS.',
      severity: 'error',
      from: { path: `^src/(?!index\\.ts|(${LAYERS.join('|')})/)` },
      to: {}
    },
    { name: 'lab-imports-upward', severity: 'error', from: { path: '^src/lab/' }, to: { path: '^src/index\\.ts' } },
    ...upward
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // type-only imports count
    doNotFollow: { path: 'node_modules' }
  }
};
