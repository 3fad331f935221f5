;; A filter in front of the plugins: it gives streams the properties `route_name` and `cluster_name`, which Higress' Envoy
;; has and Envoy 1.40 knows as `xds.route_name` and `xds.cluster_name` only. The Go plugin looks for nothing else.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "xds\00route_name")
  (data (i32.const 32) "xds\00cluster_name")
  ;; What the host writes, at 64 and 68: address and size of a value. Values are from 1024 on.
  (global $free (mut i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func $copy (param $name i32) (param $size i32)
    (if (i32.eqz (call $get (local.get $name) (local.get $size) (i32.const 64) (i32.const 68)))
      (then
        (drop (call $set
          (i32.add (local.get $name) (i32.const 4)) (i32.sub (local.get $size) (i32.const 4))
          (i32.load (i32.const 64)) (i32.load (i32.const 68)))))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $free (i32.const 1024))
    (call $copy (i32.const 0) (i32.const 14))
    (call $copy (i32.const 32) (i32.const 16))
    (i32.const 0)))
