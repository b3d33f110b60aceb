/** asl-validator brings no types; these are what is used of it. */
declare module 'asl-validator' {
  function validate(definition: object): { readonly isValid: boolean; readonly errorsText: () => string };
  export = validate;
}
