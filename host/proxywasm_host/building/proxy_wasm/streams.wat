  ;; How a stream begins and ends, with fewer calls into the guest than the host makes: each costs more than a small
  ;; callback. Hosts create a stream when its request headers are there, and delete it when its log is written.

  (global $created (mut i32) (i32.const 0))
  (global $parent (mut i32) (i32.const 0))
  (global $logged (mut i32) (i32.const 0))

  (func (export "proxy_on_context_create") (param $context i32) (param $root i32)
    ;; A root context is of no use to the guest before it has its configuration.
    (if (i32.eqz (local.get $root)) (then (return)))
    ;; The one before has not begun yet. This host does things in another order, which is fine.
    (if (global.get $created) (then (call $on-context-create (global.get $created) (global.get $parent))))
    (global.set $created (local.get $context))
    (global.set $parent (local.get $root)))

  ;; Whether the guest has not heard of this stream; it will not from here.
  (func $take-created (param $context i32) (result i32)
    (if (result i32) (i32.eq (local.get $context) (global.get $created))
      (then (global.set $created (i32.const 0)) (i32.const 1))
      (else (i32.const 0))))

  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (call $on-request-headers
      (local.get $context)
      (if (result i32) (call $take-created (local.get $context))
        (then (global.get $parent)) (else (i32.const 0)))
      (call $log-level)
      (call $fields (i32.const 0))
      (global.get $fields-size)
      (local.get $end)))

  (func (export "proxy_on_response_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (call $on-response-headers
      (local.get $context) (call $fields (i32.const 2)) (global.get $fields-size) (local.get $end)))

  (func (export "proxy_on_log") (param $context i32)
    (if (call $take-created (local.get $context)) (then (return)))
    (global.set $logged (local.get $context))
    (call $on-log (local.get $context)))

  (func (export "proxy_on_delete") (param $context i32)
    (if (call $take-created (local.get $context)) (then (return)))
    (if (i32.eq (local.get $context) (global.get $logged)) (then (return)))
    (call $on-delete (local.get $context)))
