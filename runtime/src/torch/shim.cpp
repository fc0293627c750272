// What of the bridge to libtorch has to be C++: an autograd function, and the stream that is current.
//
// Exceptions end here, as messages that Rust frees; panics end in Rust, as messages that become exceptions.

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

extern "C" {
// In Rust. Gradients of what was computed, by `new` or null where there is none; a message where it failed.
char *snn_torch_backward(const void *op, const Tensor *const *saved, size_t n_saved,
                         const Tensor *const *grads, size_t n_grads, Tensor **out, size_t n_out);
// In Rust. Forgets what `record` was given.
void snn_torch_forget(const void *op);
}

namespace {

// What backward needs of Rust, forgotten with the graph.
struct Op : torch::CustomClassHolder {
  const void *op;
  explicit Op(const void *op) : op(op) {}
  ~Op() override { snn_torch_forget(op); }
};

// What forward has computed.
struct Computed {
  c10::intrusive_ptr<Op> op;
  variable_list saved;
  variable_list outputs;
  variable_list fixed;
};

std::vector<const Tensor *> pointers(const variable_list &tensors) {
  std::vector<const Tensor *> all;
  for (const auto &tensor : tensors) {
    all.push_back(tensor.defined() ? &tensor : nullptr);
  }
  return all;
}

const char *const ONCE =
    "a neuron has first derivatives only: its backward was differentiated again";

struct Neuron : torch::autograd::Function<Neuron> {
  static variable_list forward(AutogradContext *context, at::TensorList inputs, Computed *computed) {
    context->saved_data["op"] = c10::IValue::make_capsule(computed->op);
    context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    context->save_for_backward(computed->saved);
    context->set_materialize_grads(false);
    context->mark_non_differentiable(computed->fixed);
    return computed->outputs;
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    auto op = c10::static_intrusive_pointer_cast<Op>(context->saved_data["op"].toCapsule());
    size_t n = static_cast<size_t>(context->saved_data["inputs"].toInt());
    auto saved = context->get_saved_variables();
    std::vector<Tensor *> out(n, nullptr);
    char *message = nullptr;
    {
      at::AutoGradMode none(false);
      auto saved_pointers = pointers(saved);
      auto grad_pointers = pointers(grads);
      message = snn_torch_backward(op->op, saved_pointers.data(), saved.size(), grad_pointers.data(),
                                   grads.size(), out.data(), n);
    }
    variable_list results;
    for (Tensor *gradient : out) {
      std::unique_ptr<Tensor> owned(gradient);
      results.push_back(owned ? *owned : Tensor());
    }
    if (message) {
      std::string text(message);
      free(message);
      throw std::runtime_error(text);
    }
    if (at::GradMode::is_enabled()) {
      // Only what asks for a gradient is given the function that fails.
      for (auto &result : results) {
        if (result.defined()) {
          result.set_requires_grad(true);
        }
      }
      auto once = std::make_shared<torch::autograd::DelayedError>(ONCE, n);
      results = (*once)(std::move(results));
    }
    // `forward` was given something besides its inputs, which has no gradient.
    results.emplace_back();
    return results;
  }
};

char *copied(const char *text) { return strdup(text); }

template <class Do> char *guarded(Do act) {
  try {
    act();
    return nullptr;
  } catch (const std::exception &e) {
    return copied(e.what());
  } catch (...) {
    return copied("an exception that says nothing");
  }
}

variable_list tensors(Tensor *const *pointers, size_t n) {
  variable_list all;
  for (size_t i = 0; i < n; ++i) {
    all.push_back(pointers[i] ? *pointers[i] : Tensor());
  }
  return all;
}

} // namespace

extern "C" {

// Makes outputs depend on inputs. `is_fixed` says of each output whether it has no gradient.
char *snn_torch_record(Tensor *const *inputs, size_t n_inputs, Tensor *const *saved, size_t n_saved,
                       Tensor *const *outputs, const uint8_t *is_fixed, size_t n_outputs,
                       const void *op) {
  return guarded([&] {
    Computed computed;
    computed.op = c10::make_intrusive<Op>(op);
    computed.saved = tensors(saved, n_saved);
    computed.outputs = tensors(outputs, n_outputs);
    for (size_t i = 0; i < n_outputs; ++i) {
      if (is_fixed[i]) {
        computed.fixed.push_back(computed.outputs[i]);
      }
    }
    auto given = tensors(inputs, n_inputs);
    auto results = Neuron::apply(at::TensorList(given), &computed);
    for (size_t i = 0; i < n_outputs; ++i) {
      *outputs[i] = results[i];
    }
  });
}

// The driver's handle of the stream that is current on a CUDA device.
char *snn_torch_stream(int device, void **stream) {
  return guarded([&] {
    c10::impl::VirtualGuardImpl guard(at::kCUDA);
    auto current = guard.getStream(c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)));
    *stream = current.native_handle();
  });
}

void snn_torch_free(char *message) { free(message); }
}
