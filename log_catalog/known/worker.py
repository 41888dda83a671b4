"""What worker processes say: their life, their configuration, their policies, and the libraries that train in them."""

from __future__ import annotations

from ..constant import component

WORKER = component(
    "Worker",
    range(431, 463),
    range(749, 750),
    range(901, 921),
    range(970, 989),
    range(990, 1000),
    range(1004, 1030),
    range(1038, 1088),
    range(4082, 4085),
    source="known",
)
_know = WORKER.define

_know("LOG431", "INFO", "CleanRLRuntime", "a CleanRL worker started", "lifecycle")
_know("LOG432", "INFO", "CleanRLRuntime", "a CleanRL worker completed", "lifecycle")
_know("LOG433", "ERROR", "CleanRLRuntime", "a CleanRL worker failed", "lifecycle", "fault")
_know("LOG434", "DEBUG", "CleanRLRuntime", "the algorithm's module was found", "config")
_know("LOG435", "INFO", "CleanRLRuntime", "the configuration was loaded", "config")
_know("LOG436", "INFO", "CleanRLRuntime", "logging to TensorBoard is on", "config")
_know("LOG437", "INFO", "CleanRLRuntime", "tracking with Weights and Biases is on", "config")
_know("LOG438", "DEBUG", "CleanRLRuntime", "the worker is alive", "heartbeat")
_know("LOG439", "INFO", "CleanRLRuntime", "a process of the worker started", "lifecycle")
_know("LOG440", "ERROR", "CleanRLRuntime", "a process of the worker failed", "lifecycle", "fault")
_know("LOG441", "INFO", "CleanRLRuntime", "a checkpoint was saved", "checkpoint")
_know("LOG442", "INFO", "CleanRLRuntime", "a checkpoint was loaded", "checkpoint")
_know("LOG443", "INFO", "CleanRLRuntime", "the manifest of the analytics was written", "artifact")
_know("LOG444", "INFO", "CleanRLRuntime", "an evaluation started", "evaluation")
_know("LOG445", "INFO", "CleanRLRuntime", "an evaluation completed", "evaluation")
_know("LOG446", "INFO", "RayRuntime", "a Ray worker started", "lifecycle")
_know("LOG447", "INFO", "RayRuntime", "a Ray worker completed", "lifecycle")
_know("LOG448", "ERROR", "RayRuntime", "a Ray worker failed", "lifecycle", "fault")
_know("LOG449", "INFO", "RayRuntime", "the Ray cluster was initialised", "cluster")
_know("LOG450", "INFO", "RayRuntime", "the Ray cluster was shut down", "cluster")
_know("LOG451", "INFO", "RayRuntime", "a Tune experiment started", "lifecycle")
_know("LOG452", "INFO", "RayRuntime", "a Tune experiment completed", "lifecycle")
_know("LOG453", "INFO", "RayRuntime", "training with RLlib started", "training")
_know("LOG454", "DEBUG", "RayRuntime", "an iteration of RLlib was done", "training")
_know("LOG455", "INFO", "RayRuntime", "a checkpoint was saved", "checkpoint")
_know("LOG456", "INFO", "RayRuntime", "a checkpoint was loaded", "checkpoint")
_know("LOG457", "INFO", "RayRuntime", "logging to TensorBoard is on", "config")
_know("LOG458", "INFO", "RayRuntime", "tracking with Weights and Biases is on", "config")
_know("LOG459", "DEBUG", "RayRuntime", "the worker is alive", "heartbeat")
_know("LOG460", "INFO", "RayRuntime", "the manifest of the analytics was written", "artifact")
_know("LOG461", "INFO", "RayRuntime", "a log file of the worker was opened", "artifact")
_know("LOG462", "INFO", "RayRuntime", "the algorithm was built", "training")
_know("LOG749", "WARNING", "Presenter", "the configuration of a worker could not be read", "config")
_know("LOG901", "INFO", "Runtime", "something happened in a worker", "runtime")
_know("LOG902", "WARNING", "Runtime", "a worker gave a warning", "runtime")
_know("LOG903", "ERROR", "Runtime", "a worker reported an error", "runtime", "fault")
_know("LOG904", "DEBUG", "Runtime", "a detail of a worker", "runtime")
_know("LOG905", "INFO", "Config", "something happened to the configuration", "config")
_know("LOG906", "WARNING", "Config", "the configuration is doubtful", "config")
_know("LOG907", "INFO", "Config", "settings of the view were applied", "config", "view")
_know("LOG908", "INFO", "Config", "settings of what is stored were applied", "config", "storage")
_know("LOG909", "INFO", "Policy", "something happened to a policy", "policy")
_know("LOG910", "WARNING", "Policy", "a policy gave a warning", "policy")
_know("LOG911", "ERROR", "Policy", "a policy failed", "policy", "fault")
_know("LOG916", "INFO", "Runtime", "a payload was changed so that JSON can say it", "payload")
_know("LOG918", "INFO", "Policy", "the evaluation of a policy started", "policy", "evaluation")
_know("LOG919", "INFO", "Policy", "the evaluation of a policy completed", "policy", "evaluation")
_know("LOG920", "ERROR", "Policy", "the checkpoint of a policy is missing", "policy", "checkpoint", "fault")
_know("LOG977", "INFO", "RayRuntime", "an environment of PettingZoo was wrapped for RLlib", "environment")
_know("LOG978", "INFO", "RayRuntime", "a policy was loaded from its checkpoint", "policy", "checkpoint")
_know("LOG979", "INFO", "RayRuntime", "the manifest of the analytics was written", "artifact")
_know("LOG980", "INFO", "RayEvaluator", "an evaluation was asked for", "evaluation")
_know("LOG983", "DEBUG", "RayEvaluator", "an episode of an evaluation started", "evaluation", "episode")
_know("LOG984", "INFO", "RayEvaluator", "an episode of an evaluation completed", "evaluation", "episode")
_know("LOG985", "INFO", "RayEvaluator", "an evaluation completed", "evaluation")
_know("LOG986", "ERROR", "RayEvaluator", "an evaluation failed", "evaluation", "fault")
_know("LOG990", "INFO", "XuanCeRuntime", "a XuanCe worker started", "lifecycle")
_know("LOG991", "INFO", "XuanCeRuntime", "a XuanCe worker stopped", "lifecycle")
_know("LOG992", "ERROR", "XuanCeRuntime", "a XuanCe worker failed", "lifecycle", "fault")
_know("LOG993", "INFO", "XuanCeRuntime", "training with XuanCe started", "training")
_know("LOG994", "INFO", "XuanCeRuntime", "training with XuanCe completed", "training")
_know("LOG995", "INFO", "XuanCeRuntime", "a checkpoint was saved", "checkpoint")
_know("LOG1044", "INFO", "LLMRuntime", "a worker with a language model started", "lifecycle")
_know("LOG1045", "INFO", "LLMRuntime", "a worker with a language model stopped", "lifecycle")
_know("LOG1046", "ERROR", "LLMRuntime", "a worker with a language model failed", "lifecycle", "fault")
_know("LOG1047", "INFO", "LLMRuntime", "an episode with a language model started", "episode")
_know("LOG1048", "INFO", "LLMRuntime", "an episode with a language model completed", "episode")
_know("LOG1049", "DEBUG", "LLMRuntime", "a request was sent to the language model", "request")
_know("LOG1050", "DEBUG", "LLMRuntime", "the language model answered", "request")
_know("LOG1051", "ERROR", "LLMRuntime", "a request to the language model failed", "request", "fault")
_know("LOG1064", "INFO", "PassiveRuntime", "a passive worker started", "lifecycle")
_know("LOG1065", "INFO", "PassiveRuntime", "a passive worker stopped", "lifecycle")
_know("LOG1066", "ERROR", "PassiveRuntime", "a passive worker failed", "lifecycle", "fault")
