// The page's scripts: modules that `ui/components/modules.py` joins, and bodies of functions that Gradio makes.
import js from '@eslint/js';
import globals from 'globals';

// What Gradio gives the scripts of `gr.HTML` (js_on_load), see docs/architecture.md.
const GRADIO = Object.fromEntries(
  ['element', 'props', 'trigger', 'server', 'upload', 'watch'].map((one) => [one, 'readonly']),
);
const BODIES = [
  'ui/assets/banner.js',
  'ui/assets/spoken.js',
  'ui/compare/answer.js',
  'ui/compare/mattered.js',
  'ui/examples/examples.js',
  'ui/model_zoo/board.js',
  'ui/video/video.js',
  'zoo/reports/assets/charts.js',
];
const HTML = 'Text of users must not become HTML: set textContent, or use putMarkup of ui/components/markup.js.';
const CLASSIC = ['ui/assets/languages.js', 'ui/assets/links.js', 'ui/components/calls.js'];

export default [
  { ignores: ['**/node_modules/', '.cache/', '.venv*/', 'venv/'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'AssignmentExpression > MemberExpression.left[property.name=/^(innerHTML|outerHTML|srcdoc)$/]',
          message: HTML,
        },
        {
          selector:
            'CallExpression[callee.property.name=/^(insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|parseFromString|write|writeln)$/]',
          message: HTML,
        },
      ],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
    },
  },
  { files: BODIES, languageOptions: { sourceType: 'script', globals: GRADIO } },
  { files: CLASSIC, languageOptions: { sourceType: 'script' } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: globals.node } },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' } },
];
