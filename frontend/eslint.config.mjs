import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {ignores: ['node_modules/']},
  js.configs.recommended,
  {
    files: ['scripts/*.mjs', 'eslint.config.mjs'],
    languageOptions: {globals: {console: 'readonly', process: 'readonly'}},
  },
  {
    files: ['src/**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {parserOptions: {project: './tsconfig.json', tsconfigRootDir: import.meta.dirname}},
    rules: {
      // Numbers in addresses and texts are what template literals are for.
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      // `onclick={() => act()}` returns nothing to nobody.
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
      // An event listener may be an async function.
      '@typescript-eslint/no-misused-promises': ['error', {checksVoidReturn: false}],
    },
  },
  {
    // Cesium's providers are one interface, declared as a class.
    files: ['src/globe/**/*.ts'],
    rules: {'@typescript-eslint/no-unsafe-class-instance-assignment': 'off'},
  },
  {
    // node:test takes the promise of each test itself.
    files: ['src/**/*.test.ts'],
    rules: {'@typescript-eslint/no-floating-promises': 'off'},
  },
);
