// An addon of Node's: roundTrips(warmupMs, ms): two threads that wake each other in turn, each out of an event loop of its own; returns
// each round trip in microseconds.
#include <node_api.h>
#include <stdlib.h>
#include <uv.h>

typedef struct {
  uv_loop_t loop;
  uv_async_t told;
} side;

static side here, there;
static double from, end, *trips;
static size_t count, room;

static void answer(uv_async_t *told) {
  if (told->data != NULL) uv_close((uv_handle_t *)told, NULL);
  else uv_async_send(&here.told);
}

static double now(void) { return uv_hrtime() / 1e3; }

static void ask(uv_async_t *told) {
  if (told != NULL && count < room) trips[count++] = now() - from;
  from = now();
  if (from < end) uv_async_send(&there.told);
  else uv_close((uv_handle_t *)&here.told, NULL);
}

static void run(void *loop) { uv_run(loop, UV_RUN_DEFAULT); }

static void measure(double ms) {
  uv_thread_t thread;
  uv_loop_init(&here.loop);
  uv_loop_init(&there.loop);
  uv_async_init(&here.loop, &here.told, ask);
  uv_async_init(&there.loop, &there.told, answer);
  there.told.data = NULL;
  uv_thread_create(&thread, run, &there.loop);
  count = 0;
  end = now() + ms * 1e3;
  ask(NULL);
  run(&here.loop);
  there.told.data = &there;
  uv_async_send(&there.told);
  uv_thread_join(&thread);
  uv_loop_close(&here.loop);
  uv_loop_close(&there.loop);
}

static napi_value round_trips(napi_env env, napi_callback_info info) {
  size_t given = 2;
  napi_value arguments[2], list, value;
  double warmup, ms;
  napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
  napi_get_value_double(env, arguments[0], &warmup);
  napi_get_value_double(env, arguments[1], &ms);
  // A wake-up takes more than a microsecond.
  room = (size_t)((warmup > ms ? warmup : ms) * 1e3);
  trips = malloc(room * sizeof *trips);
  measure(warmup);
  measure(ms);
  napi_create_array_with_length(env, count, &list);
  for (size_t at = 0; at < count; at++) {
    napi_create_double(env, trips[at], &value);
    napi_set_element(env, list, at, value);
  }
  free(trips);
  return list;
}

NAPI_MODULE_INIT() {
  napi_value name;
  napi_create_function(env, "roundTrips", NAPI_AUTO_LENGTH, round_trips, NULL, &name);
  napi_set_named_property(env, exports, "roundTrips", name);
  return exports;
}
