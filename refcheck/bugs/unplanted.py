"""Threads about real faults that stand for no fault of the bank, with the reason.

Each thread that was read is either linked to by a fault (``Bug.seen_in``) or listed
here.  Controls are threads about cells that are right.
"""

from collections.abc import Mapping

UNPLANTED: Mapping[str, tuple[str, ...]] = {
    "There are no laws about initial values of parameters yet.": (
        "https://github.com/google/flax/issues/17",
        "https://github.com/kngwyu/Rainy/pull/17",
        "https://github.com/vwxyzjn/cleanrl/issues/358",
        "https://github.com/tensorflow/tensorflow/issues/10479",
        "https://github.com/PufferAI/PufferLib/issues/459",
        "https://github.com/chainer/chainer/issues/3289",
    ),
    "Resets in the middle of a sequence are not a part of a cell's contract here.": (
        "https://github.com/mquad/hgru4rec/issues/11",
        "https://github.com/PufferAI/PufferLib/issues/622",
        "https://github.com/instadeepai/Mava/issues/1006",
        "https://github.com/thu-ml/tianshou/issues/486",
    ),
    "Dropout inside the recurrence is not offered by any kind of cell here.": (
        "https://github.com/keras-team/keras/pull/20656",
        "https://github.com/keras-team/keras/pull/20663",
        "https://github.com/tensorflow/tensorflow/issues/35724",
        "https://github.com/tensorflow/tensorflow/issues/29391",
        "https://github.com/tensorflow/tensorflow/issues/32543",
        "https://github.com/keras-team/keras/pull/9031",
        "https://github.com/keras-team/keras/issues/9533",
        "https://github.com/salesforce/awd-lstm-lm/pull/5",
    ),
    "No law demands that units are dropped, or others in each call.": (
        "https://github.com/chainer/chainer/pull/1804",
        "https://github.com/keras-team/keras/issues/20063",
        "https://github.com/keras-team/keras/pull/6089",
        "https://github.com/Element-Research/rnn/pull/412",
        "https://github.com/fastai/fastai/issues/1809",
    ),
    "Zoneout is not offered by any kind of cell here.": (
        "https://github.com/nntrainer/nntrainer/pull/1921",
    ),
    "Peepholes are not a part of any kind of cell here.": (
        "https://github.com/tensorflow/tensorflow/issues/34171",
    ),
    "Projections are not a part of any kind of cell here.": (
        "https://github.com/PaddlePaddle/Paddle/pull/15605",
        "https://github.com/pytorch/pytorch/issues/74953",
    ),
    "Layer normalisation is not a part of any kind of cell here.": (
        "https://github.com/tensorflow/addons/pull/323",
        "https://github.com/seba-1511/lstms.pth/issues/3",
    ),
    "xLSTM, spiking, convolutional and SVDF cells are no kinds of cell here.": (
        "https://github.com/muditbhargava66/PyxLSTM/issues/27",
        "https://github.com/jeshraghian/snntorch/issues/172",
        "https://github.com/ARM-software/CMSIS-NN/pull/59",
        "https://github.com/keras-team/keras/issues/11498",
    ),
    "Clipping inside the cell is not offered by any kind of cell here.": (
        "https://github.com/microsoft/onnxruntime/issues/27224",
        "https://github.com/onnx/tensorflow-onnx/pull/722",
        "https://github.com/kaldi-asr/kaldi/issues/2694",
    ),
    "The gradient of clipping itself is not asked for.": (
        "https://github.com/tensorflow/tensorflow/issues/22048",
    ),
    "Second derivatives are not asked for.": (
        "https://github.com/pytorch/pytorch/issues/25315",
        "https://github.com/chainer/chainer/issues/4319",
    ),
    "Gradients of all outputs are always handed over: none is left out.": (
        "https://github.com/chainer/chainer/pull/8037",
        "https://github.com/PaddlePaddle/Paddle/issues/58158",
    ),
    "h and c are handed over together, or neither of them.": (
        "https://github.com/onnx/onnx-tensorflow/issues/408",
    ),
    "Sequences have at least one step.": (
        "https://github.com/pytorch/pytorch/issues/50192",
    ),
    "An exception on rows of length 0 is a refusal, not a wrong result.": (
        "https://github.com/tensorflow/tensorflow/issues/33148",
    ),
    "A mode that keeps the state between calls is not asked for.": (
        "https://github.com/keras-team/keras/issues/9174",
        "https://github.com/keras-team/keras/issues/4421",
    ),
    "No law hands over a state of more layers, or arrays of another rank.": (
        "https://github.com/pytorch/pytorch/issues/3259",
        "https://github.com/pytorch/pytorch/pull/191232",
    ),
    "No law hands over parameters that do not fit the options.": (
        "https://github.com/openvinotoolkit/openvino/pull/9996",
    ),
    "What is returned is right; what is lost on the way is a warning.": (
        "https://github.com/karpathy/neuraltalk/issues/2",
    ),
    "It concerns how one framework builds, converts or packs its own objects.": (
        "https://github.com/deeplearning4j/deeplearning4j/issues/8824",
        "https://github.com/tensorflow/tensorflow/issues/287",
        "https://github.com/onnx/onnx/issues/921",
        "https://github.com/BrainJS/brain.js/pull/952",
        "https://github.com/OpenNMT/OpenNMT-py/pull/126",
        "https://github.com/keras-team/keras/issues/8823",
        "https://github.com/keras-team/keras/issues/18861",
    ),
}

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "A convention: each is right, and weights do not carry over to the other.": (
        "https://github.com/fatchord/WaveRNN/issues/7",
        "https://github.com/keras-team/keras/issues/14649",
        "https://github.com/tensorflow/tfjs/issues/6554",
        "https://github.com/xiph/rnnoise/issues/58",
        "https://github.com/nntrainer/nntrainer/pull/1644",
        "https://github.com/uxlfoundation/oneDNN/issues/617",
        "https://github.com/LBANN/lbann/pull/1796",
        "https://github.com/automan000/Convolutional_LSTM_PyTorch/issues/20",
        "https://github.com/PaddlePaddle/Paddle/issues/44820",
        "https://github.com/uxlfoundation/oneDNN/issues/3995",
        "https://github.com/Lasagne/Lasagne/issues/401",
        "https://github.com/OlavHN/bnlstm/issues/6",
        "https://github.com/pytorch/pytorch/issues/9221",
        "https://github.com/tensorflow/tensorflow/issues/40215",
        "https://github.com/asappresearch/sru/issues/58",
    ),
    "Documentation that says something else than what is computed, which is right.": (
        "https://github.com/pytorch/pytorch/pull/529",
        "https://github.com/onnx/onnx/pull/1200",
        "https://github.com/tensorflow/tensorflow/issues/1030",
    ),
    "Rounding, or what overflow and NaN give on other hardware.": (
        "https://github.com/pytorch/pytorch/issues/32023",
        "https://github.com/pytorch/pytorch/issues/173922",
        "https://github.com/soumith/cudnn.torch/issues/278",
        "https://github.com/pytorch/pytorch/issues/175845",
    ),
    "A mistake in the use of a cell that is right.": (
        "https://github.com/uxlfoundation/oneDNN/issues/784",
        "https://github.com/norse/norse/issues/130",
        "https://github.com/JWFanggit/LOTVS-CAP/issues/9",
        "https://github.com/pytorch/pytorch/issues/114342",
        "https://github.com/chengxuxin/extreme-parkour/issues/12",
        "https://github.com/pytorch/pytorch/issues/517",
        "https://github.com/rezazad68/BCDU-Net/issues/37",
    ),
}
