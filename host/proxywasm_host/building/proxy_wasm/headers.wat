  ;; Header maps: one call into the guest brings it what it would ask for at once, and one call out of it takes all of
  ;; its changes. A call across the guest's boundary costs more than all that this module does meanwhile.

  ;; Eight bytes of guest memory for what the host answers, allocated at the first use.
  (global $answer (mut i32) (i32.const 0))
  (func $place-for-answer (result i32)
    (if (i32.eqz (global.get $answer))
      (then (global.set $answer (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))))
    (global.get $answer))

  ;; The level below which the host drops messages; `info` where it does not say.
  (func $log-level (result i32)
    (if (result i32) (call $host_get_log_level (call $place-for-answer))
      (then (i32.const 2))
      (else (i32.load (global.get $answer)))))

  ;; The address of a header map's fields, `name NUL value NUL name NUL value`, which `$fields-size` is the size of. The
  ;; guest frees them, so they move to where the host has put the sizes of names and values, which nobody needs.
  (global $fields-size (mut i32) (i32.const 0))
  (func $fields (param $kind i32) (result i32)
    (local $map i32) (local $sizes i32)
    (global.set $fields-size (i32.const 0))
    (if (call $host_get_header_map_pairs
          (local.get $kind) (call $place-for-answer) (i32.add (global.get $answer) (i32.const 4)))
      (then (return (i32.const 1))))
    (local.set $map (i32.load (global.get $answer)))
    (local.set $sizes (i32.add (i32.const 4) (i32.mul (i32.const 8) (i32.load (local.get $map)))))
    ;; An empty map has no NUL at its end either.
    (if (i32.gt_u (i32.load offset=4 (global.get $answer)) (local.get $sizes))
      (then
        (global.set $fields-size
          (i32.sub (i32.sub (i32.load offset=4 (global.get $answer)) (local.get $sizes)) (i32.const 1)))
        (memory.copy
          (local.get $map) (i32.add (local.get $map) (local.get $sizes)) (global.get $fields-size))))
    (local.get $map))

  ;; Changes to header fields, in order: `op name NUL value NUL op name NUL value`. The status is that of the first one
  ;; that the host refuses; the others are carried out.
  (func (export "proxywasm:abi/host#edit-header-map") (param $kind i32) (param $edits i32) (param $size i32) (result i32)
    (local $at i32) (local $end i32) (local $op i32) (local $name i32) (local $name-size i32) (local $value i32)
    (local $status i32) (local $refusal i32)
    (local.set $at (local.get $edits))
    (local.set $end (i32.add (local.get $edits) (local.get $size)))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then
          (local.set $op (i32.load8_u (local.get $at)))
          (local.set $name (i32.add (local.get $at) (i32.const 1)))
          (local.set $at (call $nul (local.get $name) (local.get $end)))
          (local.set $name-size (i32.sub (local.get $at) (local.get $name)))
          (local.set $value (i32.add (local.get $at) (i32.const 1)))
          (local.set $at (call $nul (local.get $value) (local.get $end)))
          (local.set $status
            (call $edit
              (local.get $op) (local.get $kind) (local.get $name) (local.get $name-size)
              (local.get $value) (i32.sub (local.get $at) (local.get $value))))
          (if (i32.eqz (local.get $refusal)) (then (local.set $refusal (local.get $status))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (call $free_argument (local.get $edits))
    (local.get $refusal))

  (func $edit (param $op i32) (param $kind i32) (param $name i32) (param $name-size i32) (param $value i32) (param $size i32) (result i32)
    (if (i32.eq (local.get $op) (i32.const 45)) ;; -
      (then (return (call $host_remove_header_map_value (local.get $kind) (local.get $name) (local.get $name-size)))))
    (if (i32.eq (local.get $op) (i32.const 43)) ;; +
      (then
        (return
          (call $host_add_header_map_value
            (local.get $kind) (local.get $name) (local.get $name-size) (local.get $value) (local.get $size)))))
    (call $host_replace_header_map_value
      (local.get $kind) (local.get $name) (local.get $name-size) (local.get $value) (local.get $size)))

  ;; The address of the next NUL, or the end.
  (func $nul (param $at i32) (param $end i32) (result i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (if (i32.load8_u (local.get $at))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $at))
