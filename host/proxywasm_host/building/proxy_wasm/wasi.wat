  ;; The WASI 0.2 that a Python plugin needs inside a Proxy-Wasm host, made of the few WASI 0.1 calls every such host
  ;; has. `shim.py` puts this text into a module; `$realloc` and memory are the guest's. Functions that the guest wants
  ;; and that are not here trap. Layouts are those of the component model's canonical ABI.

  ;; Clocks. Eight bytes of guest memory, allocated at the first use, for a host that answers through memory.
  (global $scratch (mut i32) (i32.const 0))
  (func $clock (param $id i32) (result i64)
    (if (i32.eqz (global.get $scratch))
      (then (global.set $scratch (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 8)))))
    (if (call $clock_time_get (local.get $id) (i64.const 0) (global.get $scratch)) (then (unreachable)))
    (i64.load (global.get $scratch)))
  (func (export "wasi:clocks/monotonic-clock#now") (result i64)
    (call $clock (i32.const 1)))
  (func (export "wasi:clocks/monotonic-clock#resolution") (result i64)
    (i64.const 1000))
  (func (export "wasi:clocks/wall-clock#now") (param $ret i32)
    (local $now i64)
    (local.set $now (call $clock (i32.const 0)))
    (i64.store (local.get $ret) (i64.div_u (local.get $now) (i64.const 1000000000)))
    (i32.store offset=8 (local.get $ret) (i32.wrap_i64 (i64.rem_u (local.get $now) (i64.const 1000000000)))))
  (func (export "wasi:clocks/wall-clock#resolution") (param $ret i32)
    (i64.store (local.get $ret) (i64.const 0))
    (i32.store offset=8 (local.get $ret) (i32.const 1000)))

  ;; A worker thread of the gateway must not sleep: waiting is over at once.
  (func (export "wasi:clocks/monotonic-clock#subscribe-instant") (param i64) (result i32) (i32.const 1))
  (func (export "wasi:clocks/monotonic-clock#subscribe-duration") (param i64) (result i32) (i32.const 1))
  (func (export "wasi:io/streams#[method]input-stream.subscribe") (param i32) (result i32) (i32.const 1))
  (func (export "wasi:io/streams#[method]output-stream.subscribe") (param i32) (result i32) (i32.const 1))
  (func (export "wasi:io/poll#[method]pollable.block") (param i32))

  ;; Randomness.
  (func (export "wasi:random/random#get-random-bytes") (param $size i64) (param $ret i32)
    (call $random_bytes (i32.wrap_i64 (local.get $size)) (local.get $ret)))
  (func $random_bytes (param $size i32) (param $ret i32)
    (local $bytes i32)
    (local.set $bytes (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $size)))
    (if (call $random_get (local.get $bytes) (local.get $size)) (then (unreachable)))
    (i32.store (local.get $ret) (local.get $bytes))
    (i32.store offset=4 (local.get $ret) (local.get $size)))

  ;; Standard streams: handle 1 is input and empty, 2 is output and logged at `info`, 3 is errors and logged at `error`,
  ;; as Envoy does it for WASI 0.1.
  (func (export "wasi:cli/stdin#get-stdin") (result i32) (i32.const 1))
  (func (export "wasi:cli/stdout#get-stdout") (result i32) (i32.const 2))
  (func (export "wasi:cli/stderr#get-stderr") (result i32) (i32.const 3))
  (func (export "wasi:cli/terminal-stdin#get-terminal-stdin") (param $ret i32) (i32.store8 (local.get $ret) (i32.const 0)))
  (func (export "wasi:cli/terminal-stdout#get-terminal-stdout") (param $ret i32) (i32.store8 (local.get $ret) (i32.const 0)))
  (func (export "wasi:cli/terminal-stderr#get-terminal-stderr") (param $ret i32) (i32.store8 (local.get $ret) (i32.const 0)))
  ;; err(closed)
  (func (export "wasi:io/streams#[method]input-stream.read") (param i32 i64) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 1))
    (i32.store8 offset=4 (local.get $ret) (i32.const 1)))
  ;; ok(1 MiB)
  (func (export "wasi:io/streams#[method]output-stream.check-write") (param i32) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 0))
    (i64.store offset=8 (local.get $ret) (i64.const 1048576)))
  (func (export "wasi:io/streams#[method]output-stream.write") (param $stream i32) (param $text i32) (param $size i32) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 0))
    (call $write (local.get $stream) (local.get $text) (local.get $size)))
  (func (export "wasi:io/streams#[method]output-stream.blocking-write-and-flush") (param $stream i32) (param $text i32) (param $size i32) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 0))
    (call $write (local.get $stream) (local.get $text) (local.get $size)))
  (func (export "wasi:io/streams#[method]output-stream.blocking-flush") (param i32) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 0)))
  (func $write (param $stream i32) (param $text i32) (param $size i32)
    (if (i32.eqz (local.get $size)) (then (return)))
    ;; A log entry ends its line itself; unbuffered output writes the end of a line alone.
    (if (i32.eq (i32.load8_u (i32.sub (i32.add (local.get $text) (local.get $size)) (i32.const 1))) (i32.const 10))
      (then
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (if (i32.eqz (local.get $size)) (then (return)))))
    (drop (call $wasi_log (select (i32.const 4) (i32.const 2) (i32.eq (local.get $stream) (i32.const 3))) (local.get $text) (local.get $size))))

  ;; No environment, no arguments, no files: empty lists.
  (func $empty_list (export "wasi:cli/environment#get-environment") (param $ret i32)
    (i32.store (local.get $ret) (i32.const 8))
    (i32.store offset=4 (local.get $ret) (i32.const 0)))
  (export "wasi:cli/environment#get-arguments" (func $empty_list))
  (export "wasi:filesystem/preopens#get-directories" (func $empty_list))

  ;; No network: err(access-denied), an OSError in Python.
  (func (export "wasi:sockets/instance-network#instance-network") (result i32) (i32.const 1))
  (func $no_socket (export "wasi:sockets/tcp-create-socket#create-tcp-socket") (param i32) (param $ret i32)
    (i32.store8 (local.get $ret) (i32.const 1))
    (i32.store8 offset=4 (local.get $ret) (i32.const 1)))
  (export "wasi:sockets/udp-create-socket#create-udp-socket" (func $no_socket))
  (func (export "wasi:sockets/ip-name-lookup#resolve-addresses") (param i32 i32 i32) (param $ret i32)
    (call $no_socket (i32.const 0) (local.get $ret)))

  (func (export "drop-handle") (param i32))
  (func (export "nothing"))
