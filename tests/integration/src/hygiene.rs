//! What must hold of the extension's objects in every database, however they came there.

use postgres::Client;

/// Objects of the extension outside of its schema, without a comment, with rights for everybody,
/// or with rights of their owner.
const OFFENCES: &str = "
WITH members AS (
  SELECT d.classid, d.objid
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
   WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'text2sql'
), ours AS (
  SELECT classid, objid FROM members
  UNION
  SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname = 'text2sql'
  UNION
  SELECT 'pg_extension'::regclass, oid FROM pg_extension WHERE extname = 'text2sql'
), rights(classid, objid, acl) AS (
  SELECT 'pg_namespace'::regclass, oid, nspacl FROM pg_namespace WHERE nspname = 'text2sql'
  UNION ALL
  SELECT 'pg_proc'::regclass, oid, coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc WHERE pronamespace = 'text2sql'::regnamespace
  UNION ALL
  SELECT 'pg_class'::regclass, oid, relacl
    FROM pg_class WHERE relnamespace = 'text2sql'::regnamespace
  UNION ALL
  SELECT 'pg_class'::regclass, attrelid, attacl
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
   WHERE relnamespace = 'text2sql'::regnamespace
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, coalesce(typacl, acldefault('T', typowner))
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE typnamespace = 'text2sql'::regnamespace AND typelem = 0 AND coalesce(relkind, 'c') = 'c'
  UNION ALL
  SELECT 'pg_default_acl'::regclass, oid, defaclacl
    FROM pg_default_acl WHERE defaclnamespace = 'text2sql'::regnamespace
)
SELECT pg_describe_object(classid, objid, 0) || ' has no comment' AS offence
  FROM ours
 WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
UNION ALL
SELECT pg_describe_object(classid, objid, 0) || ' is in another schema'
  FROM members
 WHERE (pg_identify_object(classid, objid, 0)).schema IS DISTINCT FROM 'text2sql'
UNION ALL
SELECT pg_describe_object(classid, objid, 0) || ' gives everybody ' || a.privilege_type
  FROM rights, aclexplode(acl) a WHERE a.grantee = 0
UNION ALL
SELECT p.oid::regprocedure || ' is SECURITY DEFINER'
  FROM pg_proc p WHERE pronamespace = 'text2sql'::regnamespace AND prosecdef
ORDER BY 1";

/// What offends in the database of `client`, in words.
///
/// # Panics
/// Where the server does not answer, or has no such extension.
pub fn offences(client: &mut Client) -> Vec<String> {
    let present = client.query("SELECT FROM pg_extension WHERE extname = 'text2sql'", &[]).unwrap();
    assert_eq!(present.len(), 1, "the extension is there");
    client.query(OFFENCES, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}
