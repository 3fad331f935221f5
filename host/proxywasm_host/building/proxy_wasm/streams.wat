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

  ;; Streams whose trailers the guest has no use for, as its header phase has said: the context of one in each place, by
  ;; the last bits of its number; first requests, then responses, then both for bodies. Where another stream has taken
  ;; the place, the guest is called, which changes nothing but costs more. Allocated at the first use; 0 is no stream.
  (global $passing (mut i32) (i32.const 0))
  (func $place (param $context i32) (param $direction i32) (result i32)
    (if (i32.eqz (global.get $passing))
      (then
        (global.set $passing (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8192)))
        (memory.fill (global.get $passing) (i32.const 0) (i32.const 8192))))
    (i32.add (global.get $passing)
      (i32.shl
        (i32.or (i32.shl (local.get $direction) (i32.const 9)) (i32.and (local.get $context) (i32.const 511)))
        (i32.const 2))))

  ;; A number is used again after 2^32 streams, so what the stream before had there is taken away.
  (func $note (param $context i32) (param $direction i32) (param $passes i32)
    (local $place i32)
    (local.set $place (call $place (local.get $context) (local.get $direction)))
    (if (local.get $passes)
      (then (i32.store (local.get $place) (local.get $context)))
      (else
        (if (i32.eq (i32.load (local.get $place)) (local.get $context))
          (then (i32.store (local.get $place) (i32.const 0)))))))

  ;; What a header phase returns to the host. 8 is for us: continue, and do not call for trailers; with 9 nor for the body.
  (func $note-passing (param $context i32) (param $direction i32) (param $action i32) (result i32)
    (local $passes i32)
    (local.set $passes (i32.ge_u (local.get $action) (i32.const 8)))
    (call $note (local.get $context) (local.get $direction) (local.get $passes))
    (call $note
      (local.get $context)
      (i32.add (local.get $direction) (i32.const 2))
      (i32.eq (local.get $action) (i32.const 9)))
    (select (i32.const 0) (local.get $action) (local.get $passes)))

  (func $passes (param $context i32) (param $direction i32) (result i32)
    (i32.eq (i32.load (call $place (local.get $context) (local.get $direction))) (local.get $context)))

  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (call $note-passing (local.get $context) (i32.const 0)
      (call $on-request-headers
        (local.get $context)
        (if (result i32) (call $take-created (local.get $context))
          (then (global.get $parent)) (else (i32.const 0)))
        (call $log-level)
        (call $fields (i32.const 0))
        (global.get $fields-size)
        (local.get $end))))

  (func (export "proxy_on_response_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (call $note-passing (local.get $context) (i32.const 1)
      (call $on-response-headers
        (local.get $context) (call $fields (i32.const 2)) (global.get $fields-size) (local.get $end))))

  (func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (if (call $passes (local.get $context) (i32.const 2)) (then (return (i32.const 0))))
    (call $on-request-body (local.get $context) (local.get $size) (local.get $end)))

  (func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (if (call $passes (local.get $context) (i32.const 3)) (then (return (i32.const 0))))
    (call $on-response-body (local.get $context) (local.get $size) (local.get $end)))

  (func (export "proxy_on_request_trailers") (param $context i32) (param $count i32) (result i32)
    (if (call $passes (local.get $context) (i32.const 0)) (then (return (i32.const 0))))
    (call $on-request-trailers (local.get $context) (local.get $count)))

  (func (export "proxy_on_response_trailers") (param $context i32) (param $count i32) (result i32)
    (if (call $passes (local.get $context) (i32.const 1)) (then (return (i32.const 0))))
    (call $on-response-trailers (local.get $context) (local.get $count)))

  (func (export "proxy_on_log") (param $context i32)
    (if (call $take-created (local.get $context)) (then (return)))
    (global.set $logged (local.get $context))
    (call $on-log (local.get $context)))

  (func (export "proxy_on_delete") (param $context i32)
    (if (call $take-created (local.get $context)) (then (return)))
    (if (i32.eq (local.get $context) (global.get $logged)) (then (return)))
    (call $on-delete (local.get $context)))
