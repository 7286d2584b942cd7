/**
 * Lint rules: what the compiler cannot see and reviewers should not have to look for. Layout is
 * Prettier's, dead exports are knip's, import directions are dependency-cruiser's.
 */
import js from '@eslint/js';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import vueParser from 'vue-eslint-parser';

/** The messenger has components, which one compiler configuration of its own knows. */
const app = 'examples/messenger/**/*';

export default tseslint.config(
  {
    // Build output, scratch folders and data. No source is exempt as a whole.
    ignores: ['**/dist/', 'temp/', 'coverage/', 'docs/api/', '.sotto/'],
  },
  js.configs.recommended,
  {
    files: ['**/*.{ts,vue}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A leading underscore says that a name is there for its place only.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      // An adapter of an asynchronous port is `async` so that it rejects instead of throwing, awaiting or not.
      '@typescript-eslint/require-await': 'off',
      // Takes the constraint of a generic call for what it accepts: its own fix did not compile.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/only-throw-error': 'error',
      // A failure is passed on as it came: an abort signal's reason, a caught error.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals, or an object `as const`.' },
      ],
    },
  },
  {
    files: [`${app}.{ts,vue}`],
    languageOptions: {
      parserOptions: { project: './examples/messenger/tsconfig.json', extraFileExtensions: ['.vue'] },
    },
  },
  {
    files: [`${app}.vue`],
    extends: [vue.configs['flat/recommended-error']],
    languageOptions: {
      parser: vueParser,
      parserOptions: {
        parser: tseslint.parser,
        project: './examples/messenger/tsconfig.json',
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      // The compiler of components checks templates (`vue-tsc`), and layout is Prettier's.
      'no-undef': 'off',
      'vue/require-default-prop': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/no-v-html': 'error',
      'vue/no-static-inline-styles': 'error',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
    },
  },
  {
    // What the compiler is told of components is what it asks for: a default export.
    files: ['examples/messenger/src/env.d.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['{sdk,server}/src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 70 }],
    },
  },
  {
    // The core takes time and randomness as arguments; only the default host may ask the platform.
    files: ['sdk/src/**/*.ts'],
    ignores: ['sdk/src/host.ts', 'sdk/src/random.ts', 'sdk/src/testing/**', 'sdk/src/storage/level/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use the `Random` that is passed in.' },
        { object: 'Date', property: 'now', message: 'Use the `Clock` that is passed in.' },
        { object: 'crypto', property: 'getRandomValues', message: 'Use the `Random` that is passed in.' },
        { object: 'crypto', property: 'randomUUID', message: 'Use the `Random` that is passed in.' },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'Buffer', message: 'Not in browsers.' },
        { name: 'process', message: 'Not in browsers.' },
        { name: 'setImmediate', message: 'Not in browsers.' },
      ],
    },
  },
  {
    // Assertions look at values of unknown shape: a wrong guess there fails the test, and that is its job.
    files: ['**/test/**/*.ts', 'test/**/*.ts', 'server/protocol-suite/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // An example imports what a user can import.
    files: ['examples/**/*.{ts,vue}'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['**/sdk/src/**', '**/server/src/**'] }] },
  },
  {
    // Tool configuration is what these tools ask for: a default export.
    files: ['**/*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        performance: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        AbortSignal: 'readonly',
      },
    },
    rules: {
      'no-unused-vars': ['error', { caughtErrors: 'none' }],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400 }],
    },
  },
);
