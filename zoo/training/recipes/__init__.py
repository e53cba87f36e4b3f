"""One module per model: its architecture, the expected result, and the command that trains it.

Every recipe module has ``configure(parser)``, which adds its own options, and
``train(args)``, which trains and writes the checkpoint. `args` always has ``data``, ``votes``,
``run``, ``resume``, ``seed`` and ``out``.
"""

RECIPES = {
    "hog-linear-svm": "zoo.training.recipes.hog_linear_svm",
    "movements-linear": "zoo.training.recipes.movements_linear",
    "hog-svm": "zoo.training.recipes.hog_svm",
    "cnn": "zoo.training.recipes.cnn",
    "cnn-rbf": "zoo.training.recipes.cnn_rbf",
    "cnn-large": "zoo.training.recipes.cnn_large",
    "cnn-large-rbf": "zoo.training.recipes.cnn_large_rbf",
    "cnn-tiny": "zoo.training.recipes.cnn_tiny",
    "cnn-svm": "zoo.training.recipes.cnn_svm",
    "cnn-keras-blog": "zoo.training.recipes.cnn_keras_blog",
    "cnn-five": "zoo.training.recipes.cnn_five",
}
