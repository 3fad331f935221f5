declare module "*.css" {}

declare module "sheet:*" {
  /** The address of a bundled style sheet, relative to the scripts. */
  const address: string;
  export default address;
}
